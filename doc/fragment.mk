# See Makefile.am.
dist_man_MANS += doc/pam_passkey.8
dist_man_MANS += doc/passkey-enroll.1
dist_man_MANS += doc/passkeyctl.1 doc/passkeyctl-verify.1
dist_man_MANS += doc/passkeyd.conf.5
dist_man_MANS += doc/passkey-askpass.1
dist_man_MANS += doc/passkey-ssh.1 doc/passkey-scp.1 doc/passkey-sftp.1
