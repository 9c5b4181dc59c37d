# passkey-phone: a phone in the place of a security key. libssl is in one file of it.
noinst_LTLIBRARIES += phone/libphone.la
phone_libphone_la_SOURCES = \
	phone/bluez.c phone/bluez.h \
	phone/code.c phone/code.h \
	phone/course.c phone/course.h \
	phone/dial.c phone/dial.h \
	phone/dialler.c phone/dialler.h \
	phone/part.c phone/part.h \
	phone/radio.c phone/radio.h \
	phone/sandbox.c phone/sandbox.h \
	phone/session.c phone/session.h \
	phone/stream.c phone/stream.h \
	phone/tls.c phone/tls.h \
	phone/tunnel.c phone/tunnel.h
phone_libphone_la_CPPFLAGS = $(helper_cppflags)
phone_libphone_la_CFLAGS = $(AM_CFLAGS) $(DBUS_CFLAGS) $(SSL_CFLAGS) $(SECCOMP_CFLAGS)
phone_libphone_la_LIBADD = $(DBUS_LIBS) $(SSL_LIBS)

dist_man_MANS += doc/passkey-phone.8

passkeylibexec_PROGRAMS += phone/passkey-phone
phone_passkey_phone_SOURCES = phone/main.c
phone_passkey_phone_CPPFLAGS = $(helper_cppflags)
phone_passkey_phone_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
phone_passkey_phone_LDADD = $(phone_libs)
