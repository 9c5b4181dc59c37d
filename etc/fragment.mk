# Configuration of the system that is installed with the programs. The .in files contain folders
# and the daemon's user.
dbuspolicydir = $(dbussystemdir)/system.d
dbuspolicy_DATA = etc/org.passkeyd.conf
dbusservicesdir = $(dbussystemdir)/system-services
dbusservices_DATA = etc/org.passkeyd.service
polkitactions_DATA = etc/org.passkeyd.policy
systemdsystemunit_DATA = etc/passkeyd.service etc/passkeyd.socket \
	etc/passkey-authenticator.service etc/passkey-authenticator.socket \
	etc/passkey-phone-dialler@.service etc/passkey-phone-dialler.socket \
	etc/passkey-gateway.service etc/passkey-gateway.socket
sysusers_DATA = etc/sysusers.d/passkeyd.conf
dist_sysusers_DATA =
tmpfiles_DATA = etc/tmpfiles.d/passkeyd.conf
udevrulesdir = $(udevdir)/rules.d
udevrules_DATA = etc/71-passkeyd.rules
dist_pamconfigs_DATA = etc/pam-configs/passkey
userdelhooksdir = $(sysconfdir)/shadow-maint/userdel-post.d
userdelhooks_SCRIPTS = etc/shadow-maint/userdel-post.d/passkeyd

etc_generated = $(dbuspolicy_DATA) $(dbusservices_DATA) $(polkitactions_DATA) \
	$(systemdsystemunit_DATA) $(sysusers_DATA) $(tmpfiles_DATA) $(udevrules_DATA) \
	$(userdelhooks_SCRIPTS)

$(etc_generated): %: %.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(edit) $< >$@.tmp && mv $@.tmp $@

CLEANFILES += $(etc_generated)
EXTRA_DIST += $(etc_generated:=.in)
EXTRA_DIST += scripts/build scripts/check scripts/demo scripts/install-dependencies \
	scripts/lint scripts/make-hidden scripts/package scripts/valgrind-tests
dist_bashcompletion_DATA = \
	etc/bash-completion/passkey-askpass \
	etc/bash-completion/passkey-enroll \
	etc/bash-completion/passkey-gateway \
	etc/bash-completion/passkey-scp \
	etc/bash-completion/passkey-sftp \
	etc/bash-completion/passkey-ssh \
	etc/bash-completion/passkeyctl \
	etc/bash-completion/passkeyd
dist_zshcompletion_DATA = etc/zsh-completion/_passkey
dist_fishcompletion_DATA = \
	etc/fish-completion/passkey-askpass.fish \
	etc/fish-completion/passkey-enroll.fish \
	etc/fish-completion/passkey-gateway.fish \
	etc/fish-completion/passkey-scp.fish \
	etc/fish-completion/passkey-sftp.fish \
	etc/fish-completion/passkey-ssh.fish \
	etc/fish-completion/passkeyctl.fish \
	etc/fish-completion/passkeyd.fish

# Installed with the documentation, because it must not become active by installation; the file
# explains why.
examplesdir = $(docdir)/examples/sshd_config.d
dist_examples_DATA = etc/sshd_config.d/passkey.conf
sudoersexamplesdir = $(docdir)/examples/sudoers.d
dist_sudoersexamples_DATA = etc/sudoers.d/passkey
sudoconfexamplesdir = $(docdir)/examples
dist_sudoconfexamples_DATA = etc/sudo.conf
proxyexamplesdir = $(docdir)/examples/proxies
dist_proxyexamples_DATA = etc/proxies/Caddyfile etc/proxies/nginx.conf

# Files that the administrator edited are kept, on installation and on removal.
EXTRA_DIST += etc/passkeyd.conf etc/gateway.conf
# Packages install these where AppArmor is: make install cannot know.
EXTRA_DIST += etc/apparmor.d/usr.sbin.passkeyd etc/apparmor.d/usr.sbin.passkey-gateway \
	etc/apparmor.d/usr.libexec.passkey.passkey-authenticator \
	etc/apparmor.d/usr.libexec.passkey.passkey-phone \
	etc/apparmor.d/usr.libexec.passkey.passkey-store-ldap \
	etc/apparmor.d/usr.libexec.passkey.passkey-store-postgresql
conf_files = passkeyd.conf gateway.conf
install-data-local:
	@$(MKDIR_P) "$(DESTDIR)$(passkeyconfdir)"
	@for file in $(conf_files); do \
		test -e "$(DESTDIR)$(passkeyconfdir)/$$file" || \
		$(INSTALL_DATA) $(srcdir)/etc/$$file "$(DESTDIR)$(passkeyconfdir)/$$file" || exit 1; done
uninstall-local:
	@for file in $(conf_files); do \
		! cmp -s $(srcdir)/etc/$$file "$(DESTDIR)$(passkeyconfdir)/$$file" || \
		rm -f "$(DESTDIR)$(passkeyconfdir)/$$file"; done
