# NixOS: imports = [ ./module.nix ]; services.passkeyd.enable = true;
{ config, lib, pkgs, ... }:

let
  cfg = config.services.passkeyd;
in
{
  options.services.passkeyd = {
    enable = lib.mkEnableOption "passkeyd, passkey sign-in for Linux accounts";

    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.callPackage ./package.nix { };
      defaultText = lib.literalExpression "pkgs.callPackage ./package.nix { }";
      description = "The package of passkeyd.";
    };

    settings = lib.mkOption {
      type = lib.types.lines;
      default = "";
      example = ''
        [rp default]
        id = host.example.org
      '';
      description = "/etc/passkey/passkeyd.conf, as passkeyd.conf(5) has it.";
    };

    services = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "sudo" "login" ];
      description = ''
        PAM services that ask for a passkey before the password. Enrol one, and see that
        `passkeyctl test` succeeds, before any is listed.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ cfg.package ];
    environment.etc."passkey/passkeyd.conf".text = cfg.settings;
    systemd.packages = [ cfg.package ];
    systemd.sockets.passkeyd.wantedBy = [ "sockets.target" ];
    systemd.tmpfiles.packages = [ cfg.package ];
    services.dbus.packages = [ cfg.package ];
    services.udev.packages = [ cfg.package ];
    security.polkit.enable = true;
    users.users.passkeyd = {
      isSystemUser = true;
      group = "passkeyd";
      home = "/var/lib/passkeyd";
    };
    users.users.passkey-gateway = {
      isSystemUser = true;
      group = "passkey-gateway";
    };
    users.groups.passkeyd = { };
    users.groups.passkey-gateway = { };
    security.pam.services = lib.genAttrs cfg.services (_: {
      rules.auth.passkey = {
        order = 11000;
        control = "sufficient";
        modulePath = "${cfg.package}/lib/security/pam_passkey.so";
      };
    });
  };
}
