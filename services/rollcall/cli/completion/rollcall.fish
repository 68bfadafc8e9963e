# Completion of rollcall's commands in fish.
complete -c rollcall -f -a '(rollcall __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
