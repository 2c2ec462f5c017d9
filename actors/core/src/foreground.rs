//! How programs that put themselves into the background are told to stay: a supervisor can only look after what stays.
//! A table of what their manuals say; decides nothing.

use crate::command::CommandLine;

/// Programs, with what keeps them in the foreground.
const ADVICE: [(&str, &str); 22] = [
    ("apache2", "run it as: apache2 -DFOREGROUND"),
    ("apachectl", "run it as: apachectl -DFOREGROUND"),
    ("chronyd", "add the option -d"),
    ("cron", "add the option -f"),
    ("crond", "add the option -f (busybox), or -n (cronie)"),
    ("dockerd", "do not send it to the background"),
    ("haproxy", "add the option -W and leave out -D"),
    ("httpd", "run it as: httpd -DFOREGROUND"),
    ("keepalived", "add the option --dont-fork"),
    ("lighttpd", "add the option -D"),
    ("memcached", "leave out the option -d"),
    ("mysqld", "leave out the option --daemonize"),
    ("nginx", "add the arguments: -g 'daemon off;'"),
    ("php-fpm", "add the option --nodaemonize"),
    ("pg_ctl", "run postgres itself, or make this a oneshot"),
    ("redis-server", "add the arguments: --daemonize no"),
    ("rsyslogd", "add the option -n"),
    ("sshd", "add the option -D"),
    ("supervisord", "add the option -n"),
    ("unbound", "add the option -d"),
    ("valkey-server", "add the arguments: --daemonize no"),
    ("vsftpd", "set background=NO"),
];

/// For every other program.
const GENERAL: &str = "give it the option that keeps it in the foreground, or make it a oneshot";

/// What keeps this program in the foreground. A version at the end of its name (`php-fpm8.3`) does not matter.
#[must_use]
pub fn advice(command: &CommandLine) -> &'static str {
    let program = command.program();
    let name = program.rsplit('/').next().unwrap_or(program);
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let found = ADVICE.iter().find(|(known, _)| *known == name || *known == plain);
    found.map_or(GENERAL, |(_, advice)| advice)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    #[test]
    fn a_program_is_known_by_its_name_without_folder_and_version() {
        let of = |program: &str| advice(&CommandLine::new(vec![program.to_owned()]).expect("a program"));
        assert!(of("/usr/sbin/nginx").contains("daemon off;"));
        assert_eq!(of("php-fpm8.3"), of("php-fpm"));
        assert!(of("/usr/sbin/apache2").contains("FOREGROUND"));
        assert_eq!(of("/opt/own"), GENERAL);
    }
}
