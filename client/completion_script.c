/*
 * The scripts for shells. They are short: what could stand where a line ends ppctl knows.
 */
#include "client/completion_script.h"

#include <stddef.h>
#include <string.h>

static const char bash_script[] =
    "# bash completion for ppctl; printed by `ppctl completion bash`.\n"
    "_ppctl() {\n"
    "	local line=${COMP_LINE:0:COMP_POINT} word='' before='' outside='' quote='' c i\n"
    "	mapfile -t COMPREPLY < <(ppctl completion words \"$line\" 2>/dev/null | cut -f 1)\n"
    "	# The word at the end, and what of it is before the part that readline replaces: that\n"
    "	# begins behind an open quote, else behind the last : or = (what COMP_WORDBREAKS has).\n"
    "	for ((i = 0; i < ${#line}; i++)); do\n"
    "		c=${line:i:1}\n"
    "		if [[ -z $quote && $c == [[:space:]] ]]; then\n"
    "			word='' before=''\n"
    "		elif [[ $c == \"$quote\" ]]; then\n"
    "			quote='' before=$outside\n"
    "		elif [[ -z $quote && $c == [\\\"\\'] ]]; then\n"
    "			quote=$c outside=$before before=$word\n"
    "		elif [[ $c == \\\\ && $quote != \\' ]]; then\n"
    "			i=$((i + 1))\n"
    "			word+=${line:i:1}\n"
    "		else\n"
    "			word+=$c\n"
    "			[[ -z $quote && $COMP_WORDBREAKS == *\"$c\"* ]] && before=$word\n"
    "		fi\n"
    "	done\n"
    "	for i in \"${!COMPREPLY[@]}\"; do\n"
    "		if [[ ${COMPREPLY[i]} == \"$word\" && $word == *[:=/] ]]; then\n"
    "			# Nothing to add yet; nor is it the name of a file.\n"
    "			compopt +o default\n"
    "			unset \"COMPREPLY[i]\"\n"
    "			continue\n"
    "		fi\n"
    "		c=${COMPREPLY[i]#\"$before\"}\n"
    "		# Readline puts in what it gets as it is.\n"
    "		if [[ -z $quote ]]; then\n"
    "			[[ $c == *[\\ \\\"\\'\\`\\$\\\\\\;\\&\\|\\<\\>\\(\\)\\{\\}\\[\\]*?!#~]* ]] "
    "&& printf -v c %q \"$c\"\n"
    "		elif [[ ($quote == \\' && $c == *\\'*) || ($quote == \\\" && $c == "
    "*[\\\"\\`\\$\\\\!]*) ]]; then\n"
    "			unset \"COMPREPLY[i]\"\n"
    "			continue\n"
    "		fi\n"
    "		COMPREPLY[i]=$c\n"
    "	done\n"
    "	if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[*]} == *[:=/] ]]; then\n"
    "		compopt -o nospace\n"
    "		# The quote stays open where there is a choice.\n"
    "		[[ -z $quote ]] || COMPREPLY+=(\"${COMPREPLY[*]}...\")\n"
    "	fi\n"
    "}\n"
    "complete -o default -F _ppctl ppctl\n";

static const char zsh_script[] =
    "#compdef ppctl\n"
    "# zsh completion for ppctl; printed by `ppctl completion zsh`.\n"
    "_ppctl() {\n"
    "	local line word\n"
    "	local -a open whole\n"
    "	for line in \"${(@f)$(ppctl completion words \"${(j: :)words[1,CURRENT]}\" "
    "2>/dev/null)}\"; do\n"
    "		word=${line%%$'\\t'*}\n"
    "		[[ -n $word ]] || continue\n"
    "		if [[ $word == *[:=/] ]]; then open+=(\"$word\"); else whole+=(\"$word\"); fi\n"
    "	done\n"
    "	(( ${#open} + ${#whole} )) || { _files; return }\n"
    "	(( ${#whole} )) && compadd -- \"${whole[@]}\"\n"
    "	(( ${#open} )) && compadd -S '' -- \"${open[@]}\"\n"
    "	return 0\n"
    "}\n"
    "if [[ $zsh_eval_context == *loadautofunc* ]]; then\n"
    "	_ppctl \"$@\"\n"
    "else\n"
    "	compdef _ppctl ppctl\n"
    "fi\n";

static const char fish_script[] =
    "# fish completion for ppctl; printed by `ppctl completion fish`.\n"
    "complete -c ppctl -f -a '(ppctl completion words (commandline -cp) 2>/dev/null)'\n"
    "complete -c ppctl -s C -l directory -r -a '(__fish_complete_directories)'\n";

const char *const completion_shells[] = {"bash", "zsh", "fish", NULL};

const char *completion_script(const char *shell)
{
	static const char *const scripts[] = {bash_script, zsh_script, fish_script};

	for (size_t i = 0; completion_shells[i]; i++) {
		if (strcmp(completion_shells[i], shell) == 0)
			return scripts[i];
	}
	return NULL;
}
