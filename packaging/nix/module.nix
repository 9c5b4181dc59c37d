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

    stores = lib.mkOption {
      type = lib.types.attrsOf lib.types.lines;
      default = { };
      example = {
        postgresql = ''
          [postgresql]
          hosts = db1.example.org, db2.example.org
        '';
      };
      description = ''
        Stores of several hosts that are served here, each with its settings, as
        passkey-store-ldap(8) and passkey-store-postgresql(8) have them. passkeyd asks the one
        that its `[store]` names.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ cfg.package ];
    environment.etc = {
      "passkey/passkeyd.conf".text = cfg.settings;
    } // lib.mapAttrs' (kind: text: lib.nameValuePair "passkey/store-${kind}.conf" {
      inherit text;
    }) cfg.stores;
    systemd.packages = [ cfg.package ];
    systemd.sockets = {
      passkeyd.wantedBy = [ "sockets.target" ];
    } // lib.mapAttrs' (kind: _: lib.nameValuePair "passkey-store-${kind}" {
      wantedBy = [ "sockets.target" ];
    }) cfg.stores;
    systemd.tmpfiles.packages = [ cfg.package ];
    services.dbus.packages = [ cfg.package ];
    services.udev.packages = [ cfg.package ];
    security.polkit.enable = true;
    users.users = {
      passkeyd = {
        isSystemUser = true;
        group = "passkeyd";
        home = "/var/lib/passkeyd";
      };
      passkey-gateway = {
        isSystemUser = true;
        group = "passkey-gateway";
      };
    } // lib.mapAttrs' (kind: _: lib.nameValuePair "passkey-store-${kind}" {
      isSystemUser = true;
      group = "passkey-store-${kind}";
    }) cfg.stores;
    users.groups = {
      passkeyd = { };
      passkey-gateway = { };
    } // lib.mapAttrs' (kind: _: lib.nameValuePair "passkey-store-${kind}" { }) cfg.stores;
    security.pam.services = lib.genAttrs cfg.services (_: {
      rules.auth.passkey = {
        order = 11000;
        control = "sufficient";
        modulePath = "${cfg.package}/lib/security/pam_passkey.so";
      };
    });
  };
}
