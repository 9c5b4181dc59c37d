# What the PAM module and sudo's approval plugin share: the plugin has no libpam in it.
pam_shared_sources = \
	pam/agent.c pam/agent.h \
	pam/approval_record.c pam/approval_record.h \
	pam/authenticated.c pam/authenticated.h \
	pam/command.c pam/command.h \
	pam/members.c pam/members.h \
	pam/picture.c pam/picture.h \
	pam/sudo_flags.c pam/sudo_flags.h

# The PAM module, and its parts as a library so that unit tests can reach them.
noinst_LTLIBRARIES += pam/libpampasskey.la
pam_libpampasskey_la_SOURCES = $(pam_shared_sources) \
	pam/asker.c pam/asker.h \
	pam/attended.c pam/attended.h \
	pam/context.c pam/context.h \
	pam/interrupt.c pam/interrupt.h \
	pam/prompt.c pam/prompt.h \
	pam/result.c pam/result.h
pam_libpampasskey_la_CFLAGS = $(AM_CFLAGS) $(PAM_CFLAGS)

pam_LTLIBRARIES = pam/pam_passkey.la
pam_pam_passkey_la_SOURCES = pam/pam_passkey.c
pam_pam_passkey_la_CFLAGS = $(AM_CFLAGS) $(PAM_CFLAGS)
pam_pam_passkey_la_LIBADD = pam/libpampasskey.la common/bus/libbus.la common/base/libbase.la $(PAM_LIBS)
# Stays mapped once loaded: libdbus keeps memory that would leak each time it is unloaded.
pam_pam_passkey_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-export-symbols-regex '^pam_sm_' -Wl,-z,nodelete

if SUDO_PLUGIN
sudoplugin_LTLIBRARIES = pam/passkey_approval.la
pam_passkey_approval_la_SOURCES = pam/passkey_approval.c $(pam_shared_sources)
pam_passkey_approval_la_CFLAGS = $(AM_CFLAGS)
pam_passkey_approval_la_LIBADD = common/bus/libbus.la common/base/libbase.la
pam_passkey_approval_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-export-symbols-regex '^passkey_approval$$' -Wl,-z,nodelete
endif

# Modules are opened by name, never linked with: no libtool file lies beside them, and like Debian's
# they are not executable. Without that file libtool does not remove them, so that is done here.
installed_modules = $(pamdir)/pam_passkey $(sudoplugindir)/passkey_approval
trim-modules:
	@for module in $(installed_modules); do rm -f "$(DESTDIR)$$module.la"; \
		test ! -e "$(DESTDIR)$$module.so" || chmod 0644 "$(DESTDIR)$$module.so" || exit 1; done
remove-modules:
	@for module in $(installed_modules); do rm -f "$(DESTDIR)$$module.so"; done
