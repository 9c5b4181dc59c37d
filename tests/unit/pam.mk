if HAVE_CMOCKA
pam_tests = \
	tests/unit/test_approval_record \
	tests/unit/test_pam_agent \
	tests/unit/test_pam_attended \
	tests/unit/test_pam_command \
	tests/unit/test_pam_interrupt \
	tests/unit/test_pam_options \
	tests/unit/test_pam_passkey \
	tests/unit/test_pam_picture \
	tests/unit/test_pam_result \
	tests/unit/test_pam_sudo_flags
check_PROGRAMS += $(pam_tests)
TESTS += $(pam_tests)

pam_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(PAM_CFLAGS)
pam_test_libs = pam/libpampasskey.la common/bus/libbus.la common/base/libbase.la \
	$(CMOCKA_LIBS) $(PAM_LIBS)
tests_unit_test_approval_record_CFLAGS = $(pam_test_cflags)
tests_unit_test_approval_record_LDADD = $(pam_test_libs)
tests_unit_test_pam_agent_CFLAGS = $(pam_test_cflags)
tests_unit_test_pam_agent_LDADD = $(pam_test_libs)
tests_unit_test_pam_attended_CFLAGS = $(pam_test_cflags)
tests_unit_test_pam_attended_LDADD = $(pam_test_libs)
tests_unit_test_pam_command_CFLAGS = $(pam_test_cflags)
tests_unit_test_pam_command_LDADD = $(pam_test_libs)
tests_unit_test_pam_interrupt_CFLAGS = $(pam_test_cflags)
tests_unit_test_pam_interrupt_LDADD = $(pam_test_libs)
tests_unit_test_pam_options_CFLAGS = $(pam_test_cflags)
tests_unit_test_pam_options_LDADD = $(pam_test_libs)
tests_unit_test_pam_picture_CFLAGS = $(pam_test_cflags)
tests_unit_test_pam_picture_LDADD = $(pam_test_libs)
tests_unit_test_pam_result_CFLAGS = $(pam_test_cflags)
tests_unit_test_pam_result_LDADD = $(pam_test_libs)
tests_unit_test_pam_sudo_flags_CFLAGS = $(pam_test_cflags)
tests_unit_test_pam_sudo_flags_LDADD = $(pam_test_libs)
EXTRA_DIST += tests/vectors/sudo
# Uses the module as an application does: through libpam alone.
tests_unit_test_pam_passkey_SOURCES = tests/unit/test_pam_passkey.c \
	tests/unit/pam_application.c tests/unit/pam_application.h \
	tests/unit/private_bus.c tests/unit/private_bus.h
tests_unit_test_pam_passkey_CFLAGS = $(pam_test_cflags)
tests_unit_test_pam_passkey_LDADD = $(CMOCKA_LIBS) $(PAM_LIBS)
# The module takes its clock from the test.
tests_unit_test_pam_passkey_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
EXTRA_tests_unit_test_pam_passkey_DEPENDENCIES = pam/pam_passkey.la
# Likewise the plugin, as sudo does; it takes from the test who it is and who there is.
if SUDO_PLUGIN
check_PROGRAMS += tests/unit/test_passkey_approval
TESTS += tests/unit/test_passkey_approval
tests_unit_test_passkey_approval_SOURCES = tests/unit/test_passkey_approval.c \
	tests/unit/fake_sudo.c tests/unit/fake_sudo.h \
	tests/unit/private_bus.c tests/unit/private_bus.h
tests_unit_test_passkey_approval_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_passkey_approval_LDADD = $(CMOCKA_LIBS)
tests_unit_test_passkey_approval_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
EXTRA_tests_unit_test_passkey_approval_DEPENDENCIES = pam/passkey_approval.la
endif
endif
