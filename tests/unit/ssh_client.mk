# The unit tests of passkey-askpass and passkey-ssh.
if HAVE_CMOCKA
ssh_client_tests = \
	tests/unit/test_askpass_hosts \
	tests/unit/test_askpass_known_hosts \
	tests/unit/test_askpass_openssh \
	tests/unit/test_askpass_parts \
	tests/unit/test_askpass_paste \
	tests/unit/test_askpass_prompt \
	tests/unit/test_askpass_request \
	tests/unit/test_askpass_show \
	tests/unit/test_ssh_process \
	tests/unit/test_ssh_watch
check_PROGRAMS += $(ssh_client_tests)
TESTS += $(ssh_client_tests)

ssh_client_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
ssh_client_test_libs = $(askpass_libs) $(CMOCKA_LIBS)
tests_unit_test_askpass_hosts_SOURCES = tests/unit/test_askpass_hosts.c \
	tests/unit/scratch.c tests/unit/scratch.h
tests_unit_test_askpass_hosts_CFLAGS = $(ssh_client_test_cflags)
tests_unit_test_askpass_hosts_LDADD = $(ssh_client_test_libs)
tests_unit_test_askpass_parts_SOURCES = tests/unit/test_askpass_parts.c \
	tests/unit/scratch.c tests/unit/scratch.h
tests_unit_test_askpass_parts_CFLAGS = $(ssh_client_test_cflags)
tests_unit_test_askpass_parts_LDADD = $(ssh_client_test_libs)
tests_unit_test_askpass_prompt_SOURCES = tests/unit/test_askpass_prompt.c
tests_unit_test_askpass_prompt_CFLAGS = $(ssh_client_test_cflags)
tests_unit_test_askpass_prompt_LDADD = $(ssh_client_test_libs)
tests_unit_test_askpass_show_SOURCES = tests/unit/test_askpass_show.c
tests_unit_test_askpass_show_CFLAGS = $(ssh_client_test_cflags)
tests_unit_test_askpass_show_LDADD = $(ssh_client_test_libs)
tests_unit_test_askpass_paste_SOURCES = tests/unit/test_askpass_paste.c
tests_unit_test_askpass_paste_CFLAGS = $(ssh_client_test_cflags)
tests_unit_test_askpass_paste_LDADD = $(ssh_client_test_libs)
# It has an askpass_key_answer() of its own.
tests_unit_test_askpass_request_SOURCES = tests/unit/test_askpass_request.c \
	tests/unit/scratch.c tests/unit/scratch.h
tests_unit_test_askpass_request_CFLAGS = $(ssh_client_test_cflags)
tests_unit_test_askpass_request_LDADD = $(ssh_client_test_libs)
tests_unit_test_askpass_openssh_SOURCES = tests/unit/test_askpass_openssh.c \
	tests/unit/scratch.c tests/unit/scratch.h
tests_unit_test_askpass_openssh_CFLAGS = $(ssh_client_test_cflags)
tests_unit_test_askpass_openssh_LDADD = $(ssh_client_test_libs)
tests_unit_test_askpass_known_hosts_SOURCES = tests/unit/test_askpass_known_hosts.c \
	tests/unit/scratch.c tests/unit/scratch.h
tests_unit_test_askpass_known_hosts_CFLAGS = $(ssh_client_test_cflags)
tests_unit_test_askpass_known_hosts_LDADD = $(ssh_client_test_libs)
tests_unit_test_ssh_process_SOURCES = tests/unit/test_ssh_process.c
tests_unit_test_ssh_process_CFLAGS = $(ssh_client_test_cflags)
tests_unit_test_ssh_process_LDADD = $(ssh_client_test_libs)
tests_unit_test_ssh_watch_SOURCES = tests/unit/test_ssh_watch.c
tests_unit_test_ssh_watch_CFLAGS = $(ssh_client_test_cflags)
tests_unit_test_ssh_watch_LDADD = $(ssh_client_test_libs)
endif
