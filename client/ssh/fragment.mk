# passkey-ssh, and passkey-scp and passkey-sftp, which are the same program under other names.
noinst_LTLIBRARIES += client/libssh.la
client_libssh_la_SOURCES = \
	client/ssh/destination.c client/ssh/destination.h \
	client/ssh/enroll.c client/ssh/enroll.h \
	client/ssh/environment.c client/ssh/environment.h \
	client/ssh/hook.c client/ssh/hook.h \
	client/ssh/watch.c client/ssh/watch.h
client_libssh_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

bin_PROGRAMS += client/passkey-ssh
client_passkey_ssh_SOURCES = client/ssh/passkey-ssh.c
client_passkey_ssh_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
client_passkey_ssh_LDADD = $(askpass_libs)

# ssh's KnownHostsCommand under passkey-ssh.
passkeylibexec_PROGRAMS += client/passkey-hostkey
client_passkey_hostkey_SOURCES = client/ssh/passkey-hostkey.c
client_passkey_hostkey_LDADD = $(askpass_libs)

link-ssh-names:
	cd "$(DESTDIR)$(bindir)" && rm -f passkey-scp passkey-sftp && \
		$(LN_S) passkey-ssh passkey-scp && $(LN_S) passkey-ssh passkey-sftp
unlink-ssh-names:
	rm -f "$(DESTDIR)$(bindir)/passkey-scp" "$(DESTDIR)$(bindir)/passkey-sftp"
