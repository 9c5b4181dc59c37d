# See Makefile.am.
dist_man_MANS += doc/pam_passkey.8
dist_man_MANS += doc/passkey-enroll.1
dist_man_MANS += doc/passkeyctl.1 doc/passkeyctl-verify.1
dist_man_MANS += doc/passkeyd.conf.5
