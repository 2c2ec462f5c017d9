
# The ids of the newest traces, behind the words that take one.
complete -c phpeek-pm -f -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show blame critical-chain compare" -a "(phpeek-pm trace list 2>/dev/null | awk 'NR > 1 { print \$1 }')"
