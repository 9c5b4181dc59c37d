# Configuration and policy.
daemon_libdaemon_la_SOURCES += \
	daemon/config/certificates.c daemon/config/certificates.h \
	daemon/config/config.c daemon/config/config.h \
	daemon/config/config_check.c daemon/config/config_check.h \
	daemon/config/config_keys.c daemon/config/config_keys.h \
	daemon/config/config_places.c daemon/config/config_places.h \
	daemon/config/config_sections.c daemon/config/config_sections.h \
	daemon/config/config_values.c daemon/config/config_values.h \
	daemon/config/domain.c daemon/config/domain.h \
	daemon/config/old_names.c daemon/config/old_names.h \
	daemon/config/passkey_name.c daemon/config/passkey_name.h \
	daemon/config/policy.c daemon/config/policy.h
