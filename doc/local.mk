# doc/: manual pages and documents.

dist_man_MANS += doc/ppctl.1
dist_man_MANS += doc/parproc.yaml.5
dist_man_MANS += doc/parproc.7
dist_man_MANS += doc/ppd.8

# Pages of functions: whatever configure does to the names of programs, it does not to theirs.
notrans_dist_man_MANS =
notrans_dist_man_MANS += doc/libparproc.3
notrans_dist_man_MANS += doc/pp_app_main.3
notrans_dist_man_MANS += doc/pp_app_new.3
notrans_dist_man_MANS += doc/pp_call.3
notrans_dist_man_MANS += doc/pp_connect.3
notrans_dist_man_MANS += doc/pp_ctx_current.3
notrans_dist_man_MANS += doc/pp_define.3
notrans_dist_man_MANS += doc/pp_dispatch.3
notrans_dist_man_MANS += doc/pp_error_text.3
notrans_dist_man_MANS += doc/pp_proc.3
notrans_dist_man_MANS += doc/pp_request_params.3
notrans_dist_man_MANS += doc/pp_return.3
notrans_dist_man_MANS += doc/pp_run.3
notrans_dist_man_MANS += doc/pp_subscribe.3

# A page for each other function that they describe.
install-data-hook:
	$(SHELL) $(srcdir)/doc/link_pages.sh install '$(DESTDIR)$(man3dir)' $(notrans_dist_man_MANS)
uninstall-hook:
	$(SHELL) $(srcdir)/doc/link_pages.sh uninstall '$(DESTDIR)$(man3dir)' $(notrans_dist_man_MANS)
EXTRA_DIST += doc/link_pages.sh

TESTS += doc/test_manual.sh
EXTRA_DIST += doc/test_manual.sh

# Made by scripts/record.
EXTRA_DIST += doc/demo.cast doc/demo.txt doc/display.svg

EXTRA_DIST += doc/CLUSTER.md doc/DESIGN.md doc/SCALE.md doc/SECURITY.md doc/STATE.md doc/report.png CONTRIBUTING.md
