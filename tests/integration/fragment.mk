# See Makefile.am.
