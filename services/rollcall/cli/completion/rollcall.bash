# Completion of rollcall's commands in bash.
_rollcall() {
	local IFS=$'\n'
	COMPREPLY=($(rollcall __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _rollcall rollcall
