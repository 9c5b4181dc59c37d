/* SPDX-License-Identifier: BSD-2-Clause */
/* org.passkeyd.Manager1 */
#include "common/bus/names.h"
#include "daemon/methods.h"

void manager_get_version(struct daemon *daemon, struct value *parent)
{
    (void)daemon;
    value_add_text(parent, 's', PACKAGE_VERSION);
}

void manager_get_features(struct daemon *daemon, struct value *parent)
{
    static const char *const features[] = {"local", "recovery", "relying-party", "tickets"};
    struct value *list = value_add_array(parent, "s");

    (void)daemon;
    for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
        value_add_text(list, 's', features[i]);
}
