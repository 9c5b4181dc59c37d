# See Makefile.am.
dist_man_MANS += doc/pam_passkey.8
if SUDO_PLUGIN
dist_man_MANS += doc/passkey_approval.8
endif
dist_man_MANS += doc/passkey-enroll.1
dist_man_MANS += doc/passkeyctl.1 doc/passkeyctl-verify.1
dist_man_MANS += doc/passkeyd.conf.5
dist_man_MANS += doc/passkey-askpass.1
dist_man_MANS += doc/passkey-ssh.1 doc/passkey-scp.1 doc/passkey-sftp.1

# Beside each other, as the man pages name them; README.md's links are made to fit.
dist_doc_DATA = COPYING HACKING.md NEWS SECURITY.md \
	doc/administration.md doc/fleet.md doc/getting-started.md doc/hardening.md \
	doc/hybrid-protocol.md doc/migration.md doc/openssh.md doc/performance.md doc/phone.md doc/protocol.md \
	doc/replacing-a-host.md doc/scale.md doc/store-protocol.md \
	doc/threat-model.md doc/troubleshooting.md
nodist_doc_DATA = doc/README.md
doc/README.md: README.md Makefile
	$(AM_V_GEN)$(MKDIR_P) doc && $(SED) 's|(doc/|(|g' $(srcdir)/README.md >$@.tmp && mv $@.tmp $@
CLEANFILES += doc/README.md
# Written by tests/integration/test_recordings.py, test_browser_recordings.py, test_ssh_recordings.py
# and test_replaced_prompts.py.
recordingsdir = $(docdir)/recordings
dist_recordings_DATA = \
	doc/recordings/check.txt \
	doc/recordings/enroll-browser.txt \
	doc/recordings/enroll-paste.txt \
	doc/recordings/enroll.txt \
	doc/recordings/host-without-id.txt \
	doc/recordings/key.txt \
	doc/recordings/login-browser.txt \
	doc/recordings/login-password.txt \
	doc/recordings/login-pin.txt \
	doc/recordings/login.txt \
	doc/recordings/prompt-of-its-own.txt \
	doc/recordings/refused-at-once.txt \
	doc/recordings/refused-host-key.txt \
	doc/recordings/refused-keys.txt \
	doc/recordings/refused-origin.txt \
	doc/recordings/sudo-agent.txt \
	doc/recordings/console-phone.txt \
	doc/recordings/enroll-phone-ssh.txt \
	doc/recordings/enroll-phone.txt \
	doc/recordings/login-phone.txt \
	doc/recordings/sudo-browser.txt \
	doc/recordings/sudo-phone.txt \
	doc/recordings/sudo-paste.txt \
	doc/recordings/waiting.txt
# Made by scripts/demo --browser --pictures doc/pictures.
picturesdir = $(docdir)/pictures
dist_pictures_DATA = doc/pictures/code.png doc/pictures/request.png
