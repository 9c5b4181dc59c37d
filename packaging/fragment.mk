# For systems other than Debian, whose packages are made of debian/.
EXTRA_DIST += \
	packaging/arch/PKGBUILD \
	packaging/arch/passkeyd.install \
	packaging/authselect/passkey/README \
	packaging/authselect/passkey/REQUIREMENTS \
	packaging/authselect/passkey/nsswitch.conf \
	packaging/authselect/passkey/password-auth \
	packaging/authselect/passkey/system-auth \
	packaging/nix/module.nix \
	packaging/nix/package.nix \
	packaging/rpm/passkeyd.spec
