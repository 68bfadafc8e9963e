#compdef rollcall
# Completion of rollcall's commands in zsh.
_rollcall() {
	local -a candidates
	local word help
	while IFS=$'\t' read -r word help; do
		candidates+=("${word//:/\\:}${help:+:$help}")
	done < <(rollcall __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
	_describe -V rollcall candidates
}
compdef _rollcall rollcall
