# The phone method: a passkey on a phone nearby.
daemon_libdaemon_la_SOURCES += \
	daemon/methods/phone/enroll.c \
	daemon/methods/phone/phone.c daemon/methods/phone/phone.h \
	daemon/methods/phone/sign_in.c
