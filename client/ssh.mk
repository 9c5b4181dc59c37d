# What stands beside the ssh client: passkey-askpass and passkey-ssh.
noinst_LTLIBRARIES += client/libaskpass.la
client_libaskpass_la_SOURCES = \
	client/askpass_accept.c client/askpass_accept.h \
	client/askpass_ask.c client/askpass_ask.h \
	client/askpass_files.c client/askpass_files.h \
	client/askpass_hosts.c client/askpass_hosts.h \
	client/askpass_parts.c client/askpass_parts.h \
	client/askpass_paste.c client/askpass_paste.h \
	client/askpass_prompt.c client/askpass_prompt.h \
	client/askpass_request.c client/askpass_request.h \
	client/askpass_show.c client/askpass_show.h \
	client/capture.c client/capture.h \
	client/openssh.c client/openssh.h \
	client/ssh_destination.c client/ssh_destination.h \
	client/ssh_enroll.c client/ssh_enroll.h \
	client/ssh_environment.c client/ssh_environment.h \
	client/ssh_watch.c client/ssh_watch.h
client_libaskpass_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

askpass_libs = client/libaskpass.la client/libterminal.la common/wire/libwire.la \
	common/webauthn/libwebauthn.la common/base/libbase.la

bin_PROGRAMS += client/passkey-askpass
client_passkey_askpass_SOURCES = client/passkey-askpass.c
client_passkey_askpass_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
client_passkey_askpass_LDADD = client/libaskpass.la client/libaskpass_key.la

# passkey-scp and passkey-sftp are the same program under other names.
bin_PROGRAMS += client/passkey-ssh
client_passkey_ssh_SOURCES = client/passkey-ssh.c
client_passkey_ssh_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
client_passkey_ssh_LDADD = $(askpass_libs)

install-exec-hook:
	cd "$(DESTDIR)$(bindir)" && rm -f passkey-scp passkey-sftp && \
		$(LN_S) passkey-ssh passkey-scp && $(LN_S) passkey-ssh passkey-sftp
uninstall-hook:
	rm -f "$(DESTDIR)$(bindir)/passkey-scp" "$(DESTDIR)$(bindir)/passkey-sftp"
