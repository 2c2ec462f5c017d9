
# What only a supervisor that runs knows: the ids of its newest traces, and the names of its processes, behind the words that
# take one.
complete -c phpeek-pm -f -n "__fish_phpeek_pm_using_subcommand trace; and __fish_seen_subcommand_from show blame critical-chain compare" -a "(phpeek-pm trace list 2>/dev/null | awk 'NR > 1 { print \$1 }')"
for command in start stop restart scale signal logs history explain status
    complete -c phpeek-pm -f -n "__fish_phpeek_pm_using_subcommand $command" -a "(phpeek-pm list 2>/dev/null | awk 'NR > 1 { print \$1 }')"
end
complete -c phpeek-pm -f -n "__fish_phpeek_pm_using_subcommand schedule; and __fish_seen_subcommand_from trigger pause resume" -a "(phpeek-pm list 2>/dev/null | awk 'NR > 1 { print \$1 }')"
