/* SPDX-License-Identifier: BSD-2-Clause */
/* The methods and properties that the bus serves; doc/protocol.md describes each. */
#include "common/bus/names.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/polkit.h"

/* clang-format off */
const struct method methods[] = {
    {PK_BUS_MANAGER, "Authenticate", "sa{sv}", "user,context", "o", "conversation",
     manager_authenticate, PRIVILEGE_SELF, NULL, 0, NULL},
    {PK_BUS_MANAGER, "Enroll", "sa{sv}", "user,options", "o", "conversation",
     manager_enroll, PRIVILEGE_SELF, POLKIT_ENROLL, METHOD_TICKET,
     manager_check_enroll},
    {PK_BUS_MANAGER, "Status", "", "", "s", "json",
     manager_status, PRIVILEGE_ANYONE, NULL, 0, NULL},

    {PK_BUS_CONVERSATION, "Next", "a{sv}", "answer", "ssa{sv}", "kind,text,details",
     conversation_next, PRIVILEGE_OWNER, NULL, METHOD_CONVERSATION, NULL},
    {PK_BUS_CONVERSATION, "Skip", "", "", "", "",
     conversation_skip, PRIVILEGE_OWNER, NULL, METHOD_CONVERSATION, NULL},
    {PK_BUS_CONVERSATION, "Cancel", "", "", "", "",
     conversation_cancel, PRIVILEGE_OWNER, NULL, METHOD_CONVERSATION, NULL},

    {PK_BUS_RELYING_PARTY, "BeginRegistration", "sa{sv}", "user,options", "sst",
     "challenge_id,options_json,expires",
     relying_party_begin_registration, PRIVILEGE_SELF, POLKIT_ENROLL, METHOD_TICKET,
     relying_party_check_registration},
    {PK_BUS_RELYING_PARTY, "FinishRegistration", "ss", "challenge_id,response_json", "s",
     "credential_json", relying_party_finish_registration, PRIVILEGE_OWNER, NULL, 0, NULL},
    {PK_BUS_RELYING_PARTY, "BeginAuthentication", "sa{sv}", "user,options", "sst",
     "session_id,options_json,expires",
     relying_party_begin_authentication, PRIVILEGE_SELF, NULL, 0, NULL},
    {PK_BUS_RELYING_PARTY, "FinishAuthentication", "ss", "session_id,response_json", "ss",
     "user,result_json", relying_party_finish_authentication, PRIVILEGE_OWNER, NULL, 0, NULL},
    {PK_BUS_RELYING_PARTY, "Cancel", "s", "id", "", "",
     relying_party_cancel, PRIVILEGE_OWNER, NULL, 0, NULL},

    {PK_BUS_CREDENTIALS, "List", "sa{sv}", "user,filter", "s", "json",
     credentials_list, PRIVILEGE_SELF, NULL, 0, NULL},
    {PK_BUS_CREDENTIALS, "Rename", "sss", "user,credential_id,name", "", "",
     credentials_rename, PRIVILEGE_SELF, POLKIT_MANAGE, 0, credentials_check_rename},
    {PK_BUS_CREDENTIALS, "Remove", "ss", "user,credential_id", "", "",
     credentials_remove, PRIVILEGE_SELF, POLKIT_MANAGE, 0, credentials_check_remove},
    {PK_BUS_CREDENTIALS, "CreateRecoveryCodes", "s", "user", "h", "codes",
     credentials_create_recovery_codes, PRIVILEGE_SELF, POLKIT_CODES, 0, NULL},
    {PK_BUS_CREDENTIALS, "CreateTicket", "sa{sv}", "user,options", "ht", "ticket,expires",
     credentials_create_ticket, PRIVILEGE_ROOT, NULL, 0, NULL},
    {PK_BUS_CREDENTIALS, "Adopt", "sa{sv}", "user,options", "u", "passkeys",
     credentials_adopt, PRIVILEGE_ROOT, NULL, 0, NULL},
    {PK_BUS_CREDENTIALS, "Import", "sssa{sv}", "user,format,data,options", "s", "credential_json",
     credentials_import, PRIVILEGE_SELF, POLKIT_ENROLL, METHOD_TICKET,
     credentials_check_import},

    {PK_BUS_KEYS, "CreateApiKey", "sa{sv}", "rp,options", "hs", "key,json",
     keys_create_api_key, PRIVILEGE_ROOT, NULL, 0, NULL},
    {PK_BUS_KEYS, "ListApiKeys", "s", "rp", "s", "json",
     keys_list_api_keys, PRIVILEGE_ROOT, NULL, 0, NULL},
    {PK_BUS_KEYS, "RevokeApiKey", "ss", "rp,id", "", "",
     keys_revoke_api_key, PRIVILEGE_ROOT, NULL, 0, NULL},
    {PK_BUS_KEYS, "ListKeys", "s", "rp", "s", "json",
     keys_list_keys, PRIVILEGE_ROOT, NULL, 0, NULL},
    {PK_BUS_KEYS, "RotateKey", "sa{sv}", "rp,options", "s", "json",
     keys_rotate_key, PRIVILEGE_ROOT, NULL, 0, NULL},
    {PK_BUS_KEYS, "ImportKey", "sa{sv}", "rp,options", "s", "json",
     keys_import_key, PRIVILEGE_ROOT, NULL, 0, NULL},

    {PK_BUS_GATEWAY, "RelyingParties", "", "", "s", "json",
     gateway_relying_parties, PRIVILEGE_GATEWAY, NULL, 0, NULL},
    {PK_BUS_GATEWAY, "BeginRegistration", "sa{sv}", "rp,options", "sst", "id,options_json,expires",
     gateway_begin_registration, PRIVILEGE_GATEWAY, NULL, 0, NULL},
    {PK_BUS_GATEWAY, "FinishRegistration", "sssa{sv}", "rp,id,response_json,options", "s",
     "result_json", gateway_finish_registration, PRIVILEGE_GATEWAY, NULL, 0, NULL},
    {PK_BUS_GATEWAY, "BeginAuthentication", "sa{sv}", "rp,options", "sst",
     "id,options_json,expires",
     gateway_begin_authentication, PRIVILEGE_GATEWAY, NULL, 0, NULL},
    {PK_BUS_GATEWAY, "FinishAuthentication", "sssa{sv}", "rp,id,response_json,options", "s",
     "result_json", gateway_finish_authentication, PRIVILEGE_GATEWAY, NULL, 0, NULL},
    {PK_BUS_GATEWAY, "List", "sa{sv}", "rp,filter", "s", "json",
     gateway_list, PRIVILEGE_GATEWAY, NULL, 0, NULL},
    {PK_BUS_GATEWAY, "Rename", "ssa{sv}", "rp,credential_id,options", "s", "credential_json",
     gateway_rename, PRIVILEGE_GATEWAY, NULL, 0, NULL},
    {PK_BUS_GATEWAY, "Remove", "ssa{sv}", "rp,credential_id,options", "", "",
     gateway_remove, PRIVILEGE_GATEWAY, NULL, 0, NULL},
    {PK_BUS_GATEWAY, "User", "sa{sv}", "rp,options", "s", "json",
     gateway_user, PRIVILEGE_GATEWAY, NULL, 0, NULL},
    {PK_BUS_GATEWAY, "Transactions", "sa{sv}", "rp,options", "s", "json",
     gateway_transactions, PRIVILEGE_GATEWAY, NULL, 0, NULL},
    {PK_BUS_GATEWAY, "IssueToken", "sa{sv}", "rp,options", "s", "json",
     gateway_issue_token, PRIVILEGE_GATEWAY, NULL, 0, NULL},
    {PK_BUS_GATEWAY, "CheckToken", "ssa{sv}", "rp,token,options", "s", "json",
     gateway_check_token, PRIVILEGE_GATEWAY, NULL, 0, NULL},
    {PK_BUS_GATEWAY, "BeginPasswordCheck", "sa{sv}", "rp,options", "s", "json",
     gateway_begin_password_check, PRIVILEGE_GATEWAY, NULL, 0, NULL},
    {PK_BUS_GATEWAY, "Keys", "s", "rp", "s", "jwks_json",
     gateway_keys, PRIVILEGE_GATEWAY, NULL, 0, NULL},
};
const size_t method_count = sizeof(methods) / sizeof(methods[0]);

const struct property properties[] = {
    {PK_BUS_MANAGER, "Version", "s", manager_get_version},
    {PK_BUS_MANAGER, "Features", "as", manager_get_features},
};
const size_t property_count = sizeof(properties) / sizeof(properties[0]);
/* clang-format on */
