/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "tests/unit/config_scene.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

PK_DEFINE_CLEANUP(struct config *, config_free);
#define AUTO_CONFIG PK_CLEANUP(config_free)

/* Where the sources are, others may be allowed to write; a configuration there would be refused. */
static char copies[SCRATCH_PATH_MAX];

static int make_copies(void **state)
{
    (void)state;
    scratch_new(copies);
    return 0;
}

static int remove_copies(void **state)
{
    (void)state;
    scratch_remove(copies);
    return 0;
}

static char *copy_of(const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    size_t len = 0;
    PK_AUTO_FREE char *text = scratch_read(path, &len);

    scratch_write(copies, name, text, len);
    return pk_text_format("%s/%s", copies, name);
}

static char *source(const char *name)
{
    PK_AUTO_FREE char *path = pk_text_format("%s/%s", getenv("srcdir"), name);

    return copy_of(path);
}

static char *vector(const char *name)
{
    PK_AUTO_FREE char *path = pk_text_format("tests/vectors/config/%s", name);

    return source(path);
}

static void assert_defaults(const struct config *config)
{
    static const int32_t ten[] = {-7, -35, -36, -257, -258, -259, -37, -38, -39, -8};
    const struct rp_config *rp = config_rp(config, NULL);

    assert_false(config->debug);
    assert_string_equal(config->authenticator_program, PK_LIBEXECDIR "/passkey-authenticator");
    assert_int_equal(config->touch_timeout, 30);
    assert_int_equal(config->insert_timeout, 30);
    assert_int_equal(config->conversations_per_user, 16);
    assert_int_equal(config->challenges_per_user, 16);
    assert_int_equal(config->credentials_per_account, 20);
    assert_int_equal(config->ticket_lifetime, 600);
    assert_int_equal(config->user_manager, USER_MANAGER_AUTO);
    assert_int_equal(config->without_logind, WITHOUT_LOGIND_CONSOLE);
    assert_int_equal(config->greeters.count, 18);
    assert_string_equal(config->greeters.items[1], "gdm-password");
    assert_int_equal(config->store_kind, STORE_SQLITE);
    assert_null(config->store_socket);
    assert_false(config->phone.enabled);
    assert_false(config->phone.on_light);
    assert_false(config->phone.setup.hashed);
    assert_string_equal(config->phone.program, PK_LIBEXECDIR "/passkey-phone");
    assert_string_equal(config->phone.setup.dialler, PK_RUNDIR "/phone-dialler.sock");
    assert_string_equal(config->phone.setup.bus, "");
    assert_string_equal(config->phone.setup.connect, "");
    assert_string_equal(config->phone.setup.ca_file, "");
    assert_string_equal(config->gateway_user, "passkey-gateway");
    assert_int_equal(config->service_count, 0);
    assert_int_equal(config->rp_count, 1);
    assert_string_equal(rp->name, "default");
    assert_null(rp->id);
    assert_int_equal(rp->origins.count, 0);
    assert_int_equal(rp->algorithm_count, 10);
    assert_memory_equal(rp->algorithms, ten, sizeof(ten));
    assert_int_equal(rp->timeout, 300);
    assert_int_equal(rp->attestation, PK_ATTESTATION_UNSET);
    assert_int_equal(rp->counter, PK_COUNTER_REFUSE);
    assert_int_equal(rp->user_verification, PK_REQUIREMENT_UNSET);
    assert_int_equal(rp->resident_key, PK_REQUIREMENT_UNSET);
    assert_int_equal(rp->attachment, PK_ATTACHMENT_ANY);
    assert_true(rp->system_accounts);
}

static void nothing_means_defaults(void **state)
{
    PK_AUTO_FREE char *path = vector("valid/empty.conf");
    AUTO_CONFIG struct config *missing = load("/nonexistent/passkeyd.conf");
    AUTO_CONFIG struct config *empty = load(path);

    (void)state;
    assert_defaults(missing);
    assert_defaults(empty);
}

static void blanks_and_comments_do_not_matter(void **state)
{
    PK_AUTO_FREE char *path = vector("valid/spacing.conf");
    AUTO_CONFIG struct config *config = load(path);
    const struct service_config *login = config_service(config, "login");

    (void)state;
    assert_true(config->debug);
    assert_non_null(login);
    assert_int_equal(login->methods.count, 2);
    assert_int_equal(login->methods.items[0], PK_METHOD_LOCAL);
    assert_int_equal(login->methods.items[1], PK_METHOD_RECOVERY);
    assert_null(config_service(config, "logi"));
    assert_null(config_service(config, NULL));
}

static void line_ends_do_not_matter(void **state)
{
    PK_AUTO_FREE char *crlf = vector("valid/crlf.conf");
    PK_AUTO_FREE char *open_end = vector("valid/no-newline-at-end.conf");
    AUTO_CONFIG struct config *first = load(crlf);
    AUTO_CONFIG struct config *second = load(open_end);

    (void)state;
    assert_string_equal(config_rp(first, "")->display_name, "Host # not a comment ; nor this");
    assert_string_equal(config_rp(second, "")->id, "host.example.org");
    assert_int_equal(config_rp(second, "")->origins.count, 1);
    assert_string_equal(config_rp(second, "")->origins.items[0], "https://host.example.org");
}

static void assert_shop(const struct rp_config *shop)
{
    static const uint8_t allowed[2][PK_AAGUID_SIZE] = {
        {0xcb, 0x69, 0x48, 0x1e, 0x8f, 0xf7, 0x40, 0x39, 0x93, 0xec, 0x0a, 0x27, 0x29, 0xa1, 0x54,
         0xa8},
        {0},
    };

    assert_string_equal(shop->id, "shop.example.org");
    assert_string_equal(shop->display_name, "Der Läden");
    assert_string_equal(shop->icon, "https://shop.example.org/icon.png");
    assert_int_equal(shop->origins.count, 3);
    assert_string_equal(shop->origins.items[1], "https://www.shop.example.org:8443");
    assert_string_equal(shop->origins.items[2], "http://localhost:3000");
    assert_true(shop->allow_cross_origin);
    assert_int_equal(shop->top_origins.count, 1);
    assert_int_equal(shop->ssh_hosts.count, 4);
    assert_string_equal(shop->ssh_hosts.items[3], "2001:db8::7");
    assert_int_equal(shop->ssh_host_keys.count, 2);
    assert_string_equal(shop->ssh_host_keys.items[0], "/etc/ssh/ssh_host_*_key.pub");
    assert_int_equal(shop->algorithm_count, 3);
    assert_int_equal(shop->algorithms[0], -8);
    assert_int_equal(shop->algorithms[1], -7);
    assert_int_equal(shop->algorithms[2], -48);
    assert_int_equal(shop->timeout, 3600);
    assert_int_equal(shop->attestation, PK_ATTESTATION_ENTERPRISE);
    assert_false(shop->require_trusted_attestation);
    assert_int_equal(shop->aaguid_allow_count, 2);
    assert_memory_equal(shop->aaguid_allow, allowed, sizeof(allowed));
    assert_int_equal(shop->aaguid_deny_count, 1);
    assert_int_equal(shop->aaguid_deny[0][0], 0xee);
    assert_int_equal(shop->aaguid_deny[0][15], 0x2a);
    assert_int_equal(shop->counter, PK_COUNTER_REFUSE);
    assert_int_equal(shop->user_verification, PK_REQUIRED);
    assert_int_equal(shop->resident_key, PK_PREFERRED);
    assert_int_equal(shop->attachment, PK_ATTACHMENT_CROSS_PLATFORM);
    assert_string_equal(shop->appid, "https://shop.example.org/app-id.json");
    assert_false(shop->system_accounts);
    assert_true(shop->refuse_unsolicited_extensions);
    assert_int_equal(shop->http, PK_HTTP_AUTIONAL);
    assert_string_equal(shop->http_prefix, "/a.b/~c-d_e");
    assert_string_equal(shop->tenant_id, "0b9f5c8e-6d7b-4b0a-8f0e-6f2a3c1d9e57");
    assert_true(shop->password_check);
    assert_string_equal(shop->password_url, "https://shop.example.org:8443/password?from=passkeyd");
}

static void each_kind_of_service_has_its_prefix(void **state)
{
    static const struct {
        const char *http;
        enum pk_http kind;
        const char *prefix;
    } cases[] = {
        {"standard", PK_HTTP_STANDARD, "/shop"},     {"hanko", PK_HTTP_HANKO, "/t-1"},
        {"cloudreve", PK_HTTP_CLOUDREVE, "/api/v4"}, {"authsignal", PK_HTTP_AUTHSIGNAL, "/v1"},
        {"autional", PK_HTTP_AUTIONAL, ""},
    };
    struct scene *scene = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        PK_AUTO_FREE char *text = pk_text_format(
            "[rp shop]\nid = shop.example.org\ntenant-id = t-1\nhttp = %s\n", cases[i].http);

        put(scene->drop_ins, "a.conf", text);
        AUTO_CONFIG struct config *config = load(scene->path);
        const struct rp_config *shop = config_rp(config, "shop");

        assert_int_equal(shop->http, cases[i].kind);
        assert_string_equal(config_http_name(shop->http), cases[i].http);
        assert_string_equal(shop->http_prefix, cases[i].prefix);
        assert_null(config_rp(config, "default")->http_prefix);
        assert_int_equal(config_rp(config, "default")->http, PK_HTTP_NONE);
    }
    put(scene->drop_ins, "a.conf",
        "[rp shop]\nid = shop.example.org\nhttp = standard\nhttp-prefix = /\n");
    AUTO_CONFIG struct config *config = load(scene->path);
    assert_string_equal(config_rp(config, "shop")->http_prefix, "");
}

static void every_key_is_read(void **state)
{
    PK_AUTO_FREE char *path = vector("valid/every-key.conf");
    AUTO_CONFIG struct config *config = load(path);
    const struct service_config *sudo = config_service(config, "sudo");
    static const enum pk_method backwards[] = {PK_METHOD_RECOVERY, PK_METHOD_AGENT, PK_METHOD_SSH,
                                               PK_METHOD_LOCAL};

    (void)state;
    assert_true(config->debug);
    assert_string_equal(config->authenticator_program, "/opt/passkey/authenticator");
    assert_int_equal(config->touch_timeout, 5);
    assert_int_equal(config->insert_timeout, 0);
    assert_int_equal(config->conversations_per_user, 256);
    assert_int_equal(config->challenges_per_user, 1024);
    assert_int_equal(config->credentials_per_account, 64);
    assert_int_equal(config->ticket_lifetime, 86400);
    assert_int_equal(config->user_manager, USER_MANAGER_YES);
    assert_int_equal(config->without_logind, WITHOUT_LOGIND_ALLOW);
    assert_int_equal(config->greeters.count, 2);
    assert_string_equal(config->greeters.items[1], "my-greeter");
    assert_int_equal(config->store_kind, STORE_LDAP);
    assert_string_equal(config_store_name(config->store_kind), "ldap");
    assert_string_equal(config->store_socket, "/run/directory/socket");
    assert_true(config->phone.enabled);
    assert_true(config->phone.on_light);
    assert_true(config->phone.setup.hashed);
    assert_string_equal(config->phone.program, "/opt/passkey/phone");
    assert_string_equal(config->phone.setup.dialler, "");
    assert_string_equal(config->phone.setup.bus, "unix:path=/run/test/bus");
    assert_string_equal(config->phone.setup.connect, "127.0.0.1:4430");
    assert_string_equal(config->phone.setup.ca_file, "/run/test/ca.pem");
    assert_string_equal(config->gateway_user, "web.pages");
    assert_int_equal(config->rp_count, 4);
    assert_string_equal(config_rp(config, "default")->id, "host.example.org");
    assert_int_equal(config_rp(config, "default")->counter, PK_COUNTER_LOG);
    assert_shop(config_rp(config, "shop"));
    assert_true(config_rp(config, "lab")->system_accounts);
    assert_null(config_rp(config, "lab")->browser_page);
    assert_string_equal(config_rp(config, "field")->browser_page,
                        "https://www.field.example.org:8443/sign-in/passkey.html");
    assert_string_equal(config_rp(config, "field")->browser_origin,
                        "https://www.field.example.org:8443");
    assert_null(config_rp(config, "field")->browser_prefix);
    assert_true(config_rp(config, "lab")->self_service);
    assert_false(config_rp(config, "default")->self_service);
    assert_string_equal(config_rp(config, "lab")->origins.items[0], "https://lab.example.org");
    assert_null(config_rp(config, "other"));
    assert_int_equal(config->service_count, 1);
    assert_int_equal(sudo->methods.count, 4);
    assert_memory_equal(sudo->methods.items, backwards, sizeof(backwards));
    assert_int_equal(config->warnings.count, 0);
    assert_int_equal(sudo->user_verification, PK_DISCOURAGED);
    assert_string_equal(sudo->rp, "lab");
    assert_int_equal(sudo->timeout, 10);
}

/* The first line of each file is "# " and the expected error, from the line number on. */
static void malformed_files_are_refused_by_line(void **state)
{
    PK_AUTO_FREE char *pattern =
        pk_text_format("%s/tests/vectors/config/invalid/*.conf", getenv("srcdir"));
    glob_t found;

    (void)state;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 60);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        PK_AUTO_FREE char *text = scratch_read(found.gl_pathv[i], NULL);
        PK_AUTO_FREE char *path = copy_of(found.gl_pathv[i]);
        PK_AUTO_FREE char *what = NULL;

        text[strcspn(text, "\n")] = 0;
        assert_int_equal(strncmp(text, "# ", 2), 0);
        what = pk_text_format(":%s", text + 2);
        assert_refused(path, path, what);
    }
    globfree(&found);
}

static void last_file_wins(void **state)
{
    const struct scene *scene = *state;
    struct config *config;
    const struct rp_config *rp;

    put(scene->folder, "passkeyd.conf",
        "[rp default]\nname = one\nalgorithms = ES256,RS256\n[service sudo]\ntimeout = 20\n");
    put(scene->drop_ins, "20-second.conf", "[rp default]\nname = three\n");
    put(scene->drop_ins, "10-first.conf",
        "[rp default]\nname = two\nalgorithms = EdDSA\n[service su]\ntimeout = 30\n");
    put(scene->drop_ins, "30-not-read.conf.bak", "nonsense\n");
    put(scene->drop_ins, ".hidden.conf", "nonsense\n");
    config = load(scene->path);
    rp = config_rp(config, NULL);
    assert_string_equal(rp->display_name, "three");
    assert_int_equal(rp->algorithm_count, 1);
    assert_int_equal(rp->algorithms[0], -8);
    assert_int_equal(config_service(config, "sudo")->timeout, 20);
    assert_int_equal(config_service(config, "su")->timeout, 30);
    config_free(config);
}

static void drop_in_is_named_when_it_is_wrong(void **state)
{
    const struct scene *scene = *state;
    PK_AUTO_FREE char *culprit = pk_text_format("%s/a.conf", scene->drop_ins);

    put(scene->drop_ins, "a.conf", "[daemon]\n\ndebug = maybe\n");
    assert_refused(scene->path, culprit,
                   ":3: debug cannot be \"maybe\"; allowed: yes, no, true, false");
}

/* Of several mistakes the administrator hears at once. */
static void every_problem_is_told(void **state)
{
    const struct scene *scene = *state;
    struct pk_strings problems = {0};
    struct config *config = NULL;
    static const char *const expected[] = {
        "passkeyd.conf:3: Equal sign is missing.",
        "passkeyd.conf:2: debug cannot be \"maybe\"",
        "passkeyd.conf:6: unknown section [sevice]",
        "passkeyd.conf:8: touch-timeout cannot be \"900\"",
        "passkeyd.conf.d/a.conf:2: unknown key origin in [rp]",
        "passkeyd.conf:10: rp cannot be \"lab\"",
    };

    put(scene->folder, "passkeyd.conf",
        "[daemon]\ndebug = maybe\nneither\n\n[sevice sudo]\nmethods = local\n"
        "[authenticator]\ntouch-timeout = 900\n[service su]\nrp = lab\n");
    put(scene->drop_ins, "a.conf",
        "[rp shop]\norigin = https://shop.example.org\n"
        "id = Shop.example.org\n");
    assert_int_equal(config_read(scene->path, &config, &problems), PK_OK);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        size_t j = 0;

        while (j < problems.count && !strstr(problems.items[j], expected[i]))
            j++;
        if (j == problems.count)
            fail_msg("not told: %s", expected[i]);
    }
    /* The last is the id; that [rp shop] has none is no mistake of its own. */
    assert_int_equal(problems.count, 7);
    pk_strings_clear(&problems);
    config_free(config);
}

/* What stands below a heading that is none is not taken for another section's. */
static void nothing_is_guessed_behind_a_broken_heading(void **state)
{
    const struct scene *scene = *state;
    struct pk_strings problems = {0};
    struct config *config = NULL;

    put(scene->folder, "passkeyd.conf", "[daemon]\n[service sudo\nmethods = local\n");
    assert_int_equal(config_read(scene->path, &config, &problems), PK_OK);
    assert_int_equal(problems.count, 1);
    pk_strings_clear(&problems);
    config_free(config);
}

/* A relying party may get its id, and a service its relying party, in a later file. */
static void later_file_completes_an_earlier_one(void **state)
{
    const struct scene *scene = *state;
    struct config *config;

    put(scene->folder, "passkeyd.conf", "[service sudo]\nrp = lab\n[rp lab]\nname = Lab\n");
    put(scene->drop_ins, "a.conf", "[rp lab]\nid = lab.example.org\nsystem-accounts = yes\n");
    config = load(scene->path);
    assert_string_equal(config_rp(config, "lab")->id, "lab.example.org");
    config_free(config);
}

static void unfit_files_are_refused(void **state)
{
    const struct scene *scene = *state;
    char *large = calloc(1, 262146);

    memset(large, '\n', 262145);
    put(scene->folder, "passkeyd.conf", large);
    assert_refused(scene->path, scene->path, ": larger than 256 KiB");
    large[262144] = 0;
    put(scene->folder, "passkeyd.conf", large);
    config_free(load(scene->path));
    free(large);
    assert_int_equal(remove(scene->path), 0);
    assert_int_equal(mkdir(scene->path, 0755), 0);
    assert_refused(scene->path, scene->path, ": not a regular file");
}

static const char one_certificate[] = "some text\n-----BEGIN CERTIFICATE-----\n"
                                      "MAMC\nAQE=\n-----END CERTIFICATE-----\n";

static void use_anchors(const struct scene *scene)
{
    PK_AUTO_FREE char *text = pk_text_format(
        "[rp default]\nrequire-trusted-attestation = yes\ntrust-anchors = %s\n", scene->drop_ins);

    put(scene->folder, "passkeyd.conf", text);
}

static void trust_anchors_are_read(void **state)
{
    const struct scene *scene = *state;
    const char *const two[] = {one_certificate, one_certificate};
    PK_AUTO_FREE char *pem = pk_text_format("%s%s", two[0], two[1]);
    struct config *config;
    const struct rp_config *rp;

    use_anchors(scene);
    put(scene->drop_ins, "a.pem", pem);
    put(scene->drop_ins, "b.der", "\x30\x03\x02\x01\x02");
    put(scene->drop_ins, "README", "not read");
    config = load(scene->path);
    rp = config_rp(config, NULL);
    assert_true(rp->require_trusted_attestation);
    assert_int_equal(rp->trust_anchor_count, 3);
    assert_true(pk_view_equal(pk_view_of(&rp->trust_anchor_certificates[1]),
                              pk_view_string("\x30\x03\x02\x01\x01")));
    assert_true(pk_view_equal(pk_view_of(&rp->trust_anchor_certificates[2]),
                              pk_view_string("\x30\x03\x02\x01\x02")));
    config_free(config);
}

static void unfit_trust_anchors_are_refused(void **state)
{
    const struct scene *scene = *state;
    static const char *const unfit[] = {
        "",
        "not a certificate",
        "\x30\x03\x02\x01",
        "\x30\x03\x02\x01\x02\x01",
        "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n",
        "-----BEGIN CERTIFICATE-----\nMAMC AQE\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMAMCAQ==\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----\n",
    };
    PK_AUTO_FREE char *culprit = pk_text_format("%s:3: %s", scene->path, scene->drop_ins);
    PK_AUTO_FREE char *none =
        pk_text_format(":3: trust-anchors: no certificate in %s; allowed: a folder of .pem, .crt, "
                       ".cer or .der files",
                       scene->drop_ins);

    use_anchors(scene);
    assert_refused(scene->path, scene->path, none);
    for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++) {
        put(scene->drop_ins, "a.crt", unfit[i]);
        assert_refused(scene->path, culprit, "/a.crt: not a certificate in PEM or DER");
    }
}

/* The installed example must load, and equal the defaults. */
static void example_is_the_defaults(void **state)
{
    PK_AUTO_FREE char *path = source("etc/passkeyd.conf");
    AUTO_CONFIG struct config *config = load(path);

    (void)state;
    assert_defaults(config);
}

/*
 * Every "#KEY = VALUE" line of the example, its comment sign taken away, is valid too. The folder
 * of trust anchors is the scene's.
 */
static void example_is_valid_when_uncommented(void **state)
{
    static const char example_folder[] = "/etc/passkey/trust-anchors";
    const struct scene *scene = *state;
    PK_AUTO_FREE char *path = pk_text_format("%s/etc/passkeyd.conf", getenv("srcdir"));
    PK_AUTO_FREE char *text = scratch_read(path, NULL);
    PK_AUTO_FREE char *with_anchors = NULL;
    char *out = text;
    char *folder;

    for (const char *in = text; *in; in++)
        if (*in != '#' || in[1] == ' ' || in[1] == '\n' || (in > text && in[-1] != '\n'))
            *out++ = *in;
    *out = 0;
    folder = strstr(text, example_folder);
    assert_non_null(folder);
    *folder = 0;
    with_anchors = pk_text_format("%s%s%s", text, scene->drop_ins, folder + strlen(example_folder));
    put(scene->folder, "passkeyd.conf", with_anchors);
    put(scene->drop_ins, "a.pem", one_certificate);
    config_free(load(scene->path));
}

/* The keys of a section, as the error for an unknown key lists them. */
static char *keys_of(const struct scene *scene, const char *section)
{
    static const char marker[] = "allowed: ";
    PK_AUTO_FREE char *text = pk_text_format("[%s]\nno-such-key = 1\n", section);
    struct config *config = NULL;
    PK_AUTO_FREE char *why = NULL;

    put(scene->folder, "passkeyd.conf", text);
    assert_int_equal(config_load(scene->path, &config, &why), PK_CONFIG);
    assert_non_null(strstr(why, marker));
    /* [rp x] lacks its id besides. */
    if (strstr(why, " (and "))
        *strstr(why, " (and ") = 0;
    return strdup(strstr(why, marker) + strlen(marker));
}

static char *read_source(const char *name)
{
    PK_AUTO_FREE char *path = pk_text_format("%s/%s", getenv("srcdir"), name);

    return scratch_read(path, NULL);
}

/* In the example and in the manual page, whose hyphens carry a backslash. */
static void every_key_is_explained(void **state)
{
    static const char *const sections[] = {"daemon",  "authenticator", "limits",   "seat",
                                           "gateway", "rp x",          "service x"};
    PK_AUTO_FREE char *example = read_source("etc/passkeyd.conf");
    PK_AUTO_FREE char *manual = read_source("doc/passkeyd.conf.5");
    char *out = manual;

    for (const char *in = manual; *in; in++)
        if (*in != '\\')
            *out++ = *in;
    *out = 0;
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        PK_AUTO_FREE char *keys = keys_of(*state, sections[i]);
        char *rest = keys;
        char *key;

        while ((key = strsep(&rest, ", "))) {
            PK_AUTO_FREE char *assignment = pk_text_format("\n#%s = ", key);
            PK_AUTO_FREE char *entry = pk_text_format("\n.BR %s", key);
            PK_AUTO_FREE char *second = pk_text_format(" \", \" %s", key);

            if (*key && !strstr(example, assignment))
                fail_msg("%s is not in the example", key);
            if (*key && !strstr(manual, entry) && !strstr(manual, second))
                fail_msg("%s is not in the manual page", key);
        }
    }
}

static void each_word_for_a_host_without_logind(void **state)
{
    static const struct {
        const char *text;
        enum without_logind meaning;
    } rows[] = {
        {"[seat]\nwithout-logind = console\n", WITHOUT_LOGIND_CONSOLE},
        {"[seat]\nwithout-logind = deny\n", WITHOUT_LOGIND_DENY},
        {"[seat]\nwithout-logind = allow\n", WITHOUT_LOGIND_ALLOW},
    };
    const struct scene *scene = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_CONFIG struct config *config = NULL;

        put(scene->folder, "passkeyd.conf", rows[i].text);
        config = load(scene->path);
        assert_int_equal(config->without_logind, rows[i].meaning);
    }
}

static void the_old_name_of_methods_is_warned_of(void **state)
{
    PK_AUTO_FREE char *path = vector("valid/spacing.conf");
    AUTO_CONFIG struct config *config = load(path);
    PK_AUTO_FREE char *warning = pk_text_format("%s:7: transports is called methods now", path);

    (void)state;
    assert_int_equal(config->warnings.count, 1);
    assert_string_equal(config->warnings.items[0], warning);
}

int main(void)
{
#define SCENE(function) cmocka_unit_test_setup_teardown(function, scene_set_up, scene_tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_means_defaults),
        cmocka_unit_test(blanks_and_comments_do_not_matter),
        cmocka_unit_test(line_ends_do_not_matter),
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(malformed_files_are_refused_by_line),
        SCENE(last_file_wins),
        SCENE(drop_in_is_named_when_it_is_wrong),
        SCENE(every_problem_is_told),
        SCENE(nothing_is_guessed_behind_a_broken_heading),
        SCENE(later_file_completes_an_earlier_one),
        SCENE(unfit_files_are_refused),
        SCENE(trust_anchors_are_read),
        SCENE(unfit_trust_anchors_are_refused),
        cmocka_unit_test(example_is_the_defaults),
        SCENE(example_is_valid_when_uncommented),
        SCENE(each_kind_of_service_has_its_prefix),
        SCENE(every_key_is_explained),
        SCENE(each_word_for_a_host_without_logind),
        cmocka_unit_test(the_old_name_of_methods_is_warned_of),
    };

    return cmocka_run_group_tests(tests, make_copies, remove_copies);
}
