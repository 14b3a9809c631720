# client/: ppctl.

bin_PROGRAMS += ppctl
ppctl_SOURCES = \
	client/cancel.c \
	client/client.c client/client.h \
	client/clock.h \
	client/completion.c \
	client/completion_offer.c client/completion_offer.h \
	client/completion_script.c client/completion_script.h \
	client/daemon.c \
	client/define.c \
	client/display.c client/display.h \
	client/entry.c client/entry.h \
	client/events.c \
	client/excerpt.c client/excerpt.h \
	client/explain.c \
	client/foreground.c client/foreground.h \
	client/graph.c client/graph.h client/graph_text.c \
	client/help.c client/help.h \
	client/ignore.c client/ignore.h \
	client/html.c client/html.h \
	client/inside.c \
	client/json.c \
	client/keys.c client/keys.h \
	client/line.c client/line.h \
	client/link.c client/link.h \
	client/live.c client/live.h \
	client/live_frame.c client/live_frame.h \
	client/logfile.c client/logfile.h \
	client/logs.c \
	client/look.c \
	client/main.c \
	client/member.c client/member.h \
	client/memory.c client/memory.h \
	client/modes.c client/modes.h \
	client/options.c client/options.h \
	client/outcome.c client/outcome.h \
	client/outfile.c client/outfile.h \
	client/output.c client/output.h \
	client/plan.c client/plan_tree.c client/plan_tree.h \
	client/progress.c client/progress.h \
	client/prompt.c client/prompt.h \
	client/questions.c client/questions.h \
	client/record.c client/record.h \
	client/record_load.c client/record_load.h \
	client/record_order.c \
	client/report.c client/report.h \
	client/report_failures.c \
	client/report_graph.c \
	client/report_page.c \
	client/report_style.c \
	client/report_table.c \
	client/report_text.c \
	client/report_timeline.c \
	client/request.c client/request.h \
	client/results.c \
	client/run.c \
	client/screen.c client/screen.h \
	client/sequence.c client/sequence.h \
	client/settings.c \
	client/table.c client/table.h \
	client/telling.c client/telling.h \
	client/terminal.c client/terminal.h \
	client/top.c client/top.h \
	client/top_feed.c client/top_feed.h \
	client/top_frame.c client/top_frame.h \
	client/top_keys.c \
	client/top_list.c client/top_list.h \
	client/top_model.c client/top_model.h \
	client/top_pager.c \
	client/top_runs.c client/top_runs.h \
	client/trace.c \
	client/verbs.c client/verbs.h \
	client/verbs_options.c client/verbs_options.h \
	client/watch.c client/watch.h client/watch_internal.h \
	client/watch_signals.c client/watch_views.c \
	client/wrap.c client/wrap.h
ppctl_LDADD = $(client_libs) $(JANSSON_LIBS) $(UNISTRING_LIBS)

# What shells have to know; `ppctl completion` prints it, unless it is for another machine.
completions = client/completion.bash client/completion.zsh client/completion.fish
$(completions): ppctl
	@$(MKDIR_P) client
	$(AM_V_GEN)./ppctl completion "`echo $@ | sed 's/.*\.//'`" >$@.new && mv $@.new $@
CLEANFILES += $(completions)

bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
fishcompletiondir = $(datadir)/fish/vendor_completions.d

if NATIVE
install-completions: $(completions)
	$(MKDIR_P) '$(DESTDIR)$(bashcompletiondir)' '$(DESTDIR)$(zshcompletiondir)' \
		'$(DESTDIR)$(fishcompletiondir)'
	$(INSTALL_DATA) client/completion.bash '$(DESTDIR)$(bashcompletiondir)/ppctl'
	$(INSTALL_DATA) client/completion.zsh '$(DESTDIR)$(zshcompletiondir)/_ppctl'
	$(INSTALL_DATA) client/completion.fish '$(DESTDIR)$(fishcompletiondir)/ppctl.fish'
else
install-completions:
endif
uninstall-completions:
	rm -f '$(DESTDIR)$(bashcompletiondir)/ppctl' '$(DESTDIR)$(zshcompletiondir)/_ppctl' \
		'$(DESTDIR)$(fishcompletiondir)/ppctl.fish'
install-data-local: install-completions
uninstall-local: uninstall-completions
.PHONY: install-completions uninstall-completions
