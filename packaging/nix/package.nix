# callPackage ./package.nix { }
{ lib, stdenv, autoreconfHook, pkg-config, curl, cyrus_sasl, dbus, ding-libs, jansson, jose, libcbor
, libevent, libfido2, libidn2, libmicrohttpd, libpq, libpsl, libseccomp, openldap, openssl, pam
, python3, qrencode, sqlite, sudo, systemd, utf8proc }:

stdenv.mkDerivation {
  pname = "passkeyd";
  version = "0.1.0";

  src = lib.cleanSource ../..;

  nativeBuildInputs = [ autoreconfHook pkg-config python3 ];
  buildInputs = [
    curl cyrus_sasl dbus ding-libs jansson jose libcbor libevent libfido2 libidn2 libmicrohttpd libpq
    libpsl libseccomp openldap openssl pam qrencode sqlite sudo systemd utf8proc
  ];

  # What is outside of the store stays there; the module of NixOS says what is linked to where.
  configureFlags = [
    "--sysconfdir=/etc"
    "--localstatedir=/var"
    "--with-libsystemd"
    "--with-ldap"
    "--with-postgresql"
    "--with-pamdir=${placeholder "out"}/lib/security"
    "--with-pamconfigsdir=${placeholder "out"}/share/pam-configs"
    "--with-sudoplugindir=${placeholder "out"}/libexec/sudo"
    "--with-systemdsystemunitdir=${placeholder "out"}/lib/systemd/system"
    "--with-sysusersdir=${placeholder "out"}/lib/sysusers.d"
    "--with-tmpfilesdir=${placeholder "out"}/lib/tmpfiles.d"
    "--with-udevdir=${placeholder "out"}/lib/udev"
    "--with-polkitactionsdir=${placeholder "out"}/share/polkit-1/actions"
    "--with-bashcompletiondir=${placeholder "out"}/share/bash-completion/completions"
    "--with-zshcompletiondir=${placeholder "out"}/share/zsh/site-functions"
    "--with-fishcompletiondir=${placeholder "out"}/share/fish/vendor_completions.d"
  ];
  installFlags = [
    "sysconfdir=${placeholder "out"}/etc"
    "passkeyconfdir=${placeholder "out"}/etc/passkey"
  ];
  enableParallelBuilding = true;

  meta = {
    description = "Passkey sign-in for Linux accounts";
    license = lib.licenses.bsd2;
    platforms = lib.platforms.linux;
    mainProgram = "passkeyctl";
  };
}
