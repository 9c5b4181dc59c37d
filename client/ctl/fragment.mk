bin_PROGRAMS += client/passkeyctl
client_passkeyctl_SOURCES = \
	client/ctl/backup.c \
	client/ctl/check.c \
	client/ctl/commands.h \
	client/ctl/credentials.c \
	client/ctl/directory.c \
	client/ctl/import.c \
	client/ctl/key.c \
	client/ctl/key_print.c client/ctl/key_print.h \
	client/ctl/passkeyctl.c \
	client/ctl/rp_keys.c \
	client/ctl/show.c client/ctl/show.h \
	client/ctl/test.c \
	client/ctl/ticket.c
client_passkeyctl_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(EVENT_CFLAGS)
client_passkeyctl_LDADD = client/libctl.la client/libverify.la $(plugged_libs) \
	common/wire/libwire.la $(webauthn_libs) \
	$(client_libs)
client_passkeyctl_CPPFLAGS = $(AM_CPPFLAGS) -DPK_SBINDIR='"$(sbindir)"'

# The parts of passkeyctl check that unit tests link.
noinst_LTLIBRARIES += client/libctl.la
client_libctl_la_SOURCES = \
	client/ctl/backup_file.c client/ctl/backup_file.h \
	client/ctl/check_files.c client/ctl/check_files.h \
	client/ctl/check_host.c client/ctl/check_host.h \
	client/ctl/check_pam.c client/ctl/check_pam.h \
	client/ctl/check_phone.c client/ctl/check_phone.h \
	client/ctl/check_sshd.c client/ctl/check_sshd.h \
	client/ctl/findings.c client/ctl/findings.h \
	client/ctl/import_lines.c client/ctl/import_lines.h \
	client/ctl/import_openssh.c \
	client/ctl/import_sssd.c \
	client/ctl/pam_line.c client/ctl/pam_line.h \
	client/ctl/pam_stack.c client/ctl/pam_stack.h \
	client/ctl/store_words.c client/ctl/store_words.h
client_libctl_la_CPPFLAGS = $(AM_CPPFLAGS) -DPK_PAMDIR='"$(pamdir)"' \
	-DPK_POLKITACTIONSDIR='"$(polkitactionsdir)"'
client_libctl_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

# What passkeyctl key does with keys.
noinst_LTLIBRARIES += client/libplugged.la
client_libplugged_la_SOURCES = client/ctl/plugged.c client/ctl/plugged.h
client_libplugged_la_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
plugged_libs = client/libplugged.la $(own_keys_libs)

# passkeyctl verify, which needs neither bus nor daemon.
noinst_LTLIBRARIES += client/libverify.la
client_libverify_la_SOURCES = \
	client/ctl/verify.c client/ctl/verify.h \
	client/ctl/verify_input.c \
	client/ctl/verify_jobs.c client/ctl/verify_jobs.h \
	client/ctl/verify_keys.c client/ctl/verify_keys.h \
	client/ctl/verify_lines.c client/ctl/verify_lines.h \
	client/ctl/verify_output.c
client_libverify_la_CFLAGS = $(PK_CFLAGS) -pthread
client_libverify_la_LIBADD = -lpthread
