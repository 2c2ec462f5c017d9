//! The keys about the management API: what they mean together, and that nothing of them falls open.

use crate::{read, refused, valid};
use phpeek_pm::config::Severity;
use phpeek_settings::acl::Proxies;
use phpeek_settings::web::{ApiSettings, Listen, Role};
use serde_json::{Value, json};

fn file(global: Value) -> String {
    let mut all = json!({"api_enabled": true});
    for (key, value) in global.as_object().expect("keys") {
        all[key] = value.clone();
    }
    json!({"global": all, "processes": {"a": {"command": ["x"]}}}).to_string()
}

fn api(global: Value) -> ApiSettings {
    valid(&file(global), &[]).api
}

fn listen(global: Value) -> Listen {
    api(global).tcp.expect("it listens")
}

/// A file of the certificates for tests.
fn pem(name: &str) -> String {
    format!("{}/tests/telemetry/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn tls(more: Value) -> Value {
    let mut all = json!({"enabled": true, "cert_file": pem("server.pem"), "key_file": pem("server.key")});
    for (key, value) in more.as_object().expect("keys") {
        all[key] = value.clone();
    }
    json!({ "api_tls": all })
}

#[test]
fn it_listens_on_loopback_unless_told_and_further_only_to_those_it_knows() {
    let plain = listen(json!({}));
    assert_eq!(plain.at.to_string(), "127.0.0.1:9180");
    assert!(plain.tls.is_none() && plain.acl.is_none());
    assert!(valid(&file(json!({"api_enabled": false})), &[]).api.tcp.is_none());
    let open = json!({"api_host": "0.0.0.0"});
    assert!(refused(&file(open.clone()), &[]).contains("global.api_host"));
    let mut known = open.clone();
    known["api_auth"] = json!("token");
    assert!(listen(known).reaches_out());
    // Certificates do, when nobody comes without one.
    for (auth, good) in [("verify", true), ("require", true), ("request", false), ("none", false)] {
        let mut keys = tls(json!({"client_auth": auth, "ca_file": pem("ca.pem")}));
        keys["api_host"] = json!("0.0.0.0");
        assert_eq!(read(&file(keys), &[]).configuration.is_some(), good, "{auth}");
    }
    // A variable that turns out to be empty is no token.
    let empty = json!({"api_host": "0.0.0.0", "api_auth": "${NO_SUCH_TOKEN:-}"});
    assert!(refused(&file(empty), &[]).contains("api_host"));
}

#[test]
fn files_of_tls_are_judged_and_clients_are_never_taken_on_trust() {
    let good = listen(tls(json!({"min_version": "TLS 1.3", "auto_reload": true, "auto_reload_interval": 7})));
    let settings = good.tls.expect("it is encrypted");
    assert!(settings.only_tls13 && settings.clients.is_none());
    assert_eq!(settings.reload.map(|pause| pause.as_secs()), Some(7));
    let usual = listen(tls(json!({"min_version": "TLS 1.0"}))).tls.expect("it is encrypted");
    assert!(!usual.only_tls13 && usual.reload.is_none());
    for (more, words) in [
        (json!({"cert_file": ""}), "cert_file"),
        (json!({"key_file": "/nowhere/key"}), "key_file"),
        (json!({"key_file": pem("client.key")}), "cannot be used together"),
        (json!({"cert_file": pem("README.md")}), "no usable certificate"),
        (json!({"client_auth": "verify"}), "ca_file"),
        (json!({"client_auth": "request"}), "ca_file"),
        (json!({"client_auth": "verify", "ca_file": pem("server.key")}), "ca_file"),
        (json!({"cipher_suites": ["TLS_NO_SUCH"]}), "no cipher suite"),
        (json!({"cipher_suites": ["TLS_RSA_WITH_AES_128_CBC_SHA"]}), "no suite of the list is left"),
    ] {
        let text = refused(&file(tls(more.clone())), &[]);
        assert!(text.contains(words), "{more}: {text}");
    }
    let suites = json!([
        "TLS_RSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_AES_128_GCM_SHA256"
    ]);
    let loaded = read(&file(tls(json!({ "cipher_suites": suites }))), &[]);
    let warnings = loaded.report.of(Severity::Warning).filter(|w| w.path.ends_with("cipher_suites")).count();
    let settings = loaded.configuration.and_then(|c| c.api.tcp?.tls).expect("it is encrypted");
    assert_eq!((settings.suites, warnings), (vec!["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"], 2));
}

#[test]
fn an_access_list_means_what_it_says() {
    let acl = |keys: Value| listen(json!({ "api_acl": keys })).acl;
    assert!(acl(json!({"enabled": false, "allow_list": ["10.0.0.1"]})).is_none());
    let allow = acl(json!({"enabled": true, "allow_list": ["10.0.0.0/8"], "deny_list": ["10.9.0.0/16"]}))
        .expect("a list");
    assert_eq!((allow.allow.map(|list| list.len()), allow.deny.len()), (Some(1), 1));
    let nobody = acl(json!({"enabled": true})).expect("a list");
    assert_eq!(nobody.allow, Some(Vec::new()), "an empty list allows nobody");
    let deny =
        acl(json!({"enabled": true, "mode": "deny", "deny_list": ["10.0.0.1"], "allow_list": ["::1"]}))
            .expect("a list");
    assert_eq!((deny.allow, deny.deny.len()), (None, 1));
    let proxies = |more: Value| {
        let mut keys = json!({"enabled": true, "allow_list": ["10.0.0.0/8"]});
        for (key, value) in more.as_object().expect("keys") {
            keys[key] = value.clone();
        }
        acl(keys).expect("a list").proxies
    };
    assert_eq!(proxies(json!({})), Proxies::None);
    assert_eq!(proxies(json!({"trust_proxy": true})), Proxies::OnLoopback);
    let listed = json!(["192.0.2.1"]);
    assert!(matches!(proxies(json!({"trusted_proxies": listed})), Proxies::Listed(list) if list.len() == 1));
    assert!(matches!(proxies(json!({"trust_proxy": true, "trusted_proxies": listed})), Proxies::Listed(_)));
    assert_eq!(proxies(json!({"trust_proxy": false, "trusted_proxies": listed})), Proxies::None);
    for wrong in [json!(["nonsense"]), json!(["10.0.0.0/40"]), json!([""])] {
        let text = refused(&file(json!({"api_acl": {"enabled": true, "allow_list": wrong}})), &[]);
        assert!(text.contains("neither an address nor a network"), "{text}");
    }
}

#[test]
fn a_body_has_a_bound() {
    assert_eq!(api(json!({})).max_body, 8 << 20);
    assert_eq!(api(json!({"api_max_request_body": 0})).max_body, 8 << 20, "0 is no permission");
    assert_eq!(api(json!({"api_max_request_body": 1024})).max_body, 1024);
}

#[test]
fn a_token_has_one_role_that_somebody_has_written_and_metrics_take_one_where_there_is_one_for_them() {
    let with = |tokens: Value| json!({"api_host": "0.0.0.0", "api_tokens": tokens});
    let good = api(with(json!([{"token": "a", "role": "read"}, {"token": "b", "role": "metrics"}])));
    let roles: Vec<_> = good.tokens.iter().map(|grant| grant.role).collect();
    assert_eq!(roles, [Role::Read, Role::Metrics]);
    let both = api(json!({"api_auth": "root", "api_tokens": [{"token": "a", "role": "control"}]}));
    let roles: Vec<_> = both.tokens.iter().map(|grant| grant.role).collect();
    assert_eq!(roles, [Role::Admin, Role::Control]);
    for (tokens, path, words) in [
        (json!([{"token": "a"}]), "api_tokens[0].role", "nobody says"),
        (json!([{"role": "read"}]), "api_tokens[0].token", "missing"),
        (json!([{"token": "a", "role": "root"}]), "api_tokens[0].role", "admin"),
        (
            json!([{"token": "a", "role": "read"}, {"token": "a", "role": "admin"}]),
            "api_tokens[1].token",
            "twice",
        ),
        (json!([{"token": "two words", "role": "read"}]), "api_tokens[0].token", "ASCII"),
        (json!([{"token": "${NO_SUCH_TOKEN:-}", "role": "read"}]), "api_tokens[0].token", ""),
    ] {
        let text = refused(&file(with(tokens.clone())), &[]);
        assert!(text.contains(path) && text.contains(words), "{tokens}: {text}");
        assert!(!text.contains("two words"), "a token is in no report: {text}");
    }
    assert!(
        refused(&file(json!({"api_auth": "a", "api_tokens": [{"token": "a", "role": "read"}]})), &[])
            .contains("twice")
    );
    let page = |role: &str| {
        let keys = json!({"metrics_enabled": true, "metrics_host": "0.0.0.0", "api_tokens": [{"token": "a", "role": role}]});
        read(&file(keys), &[]).configuration.and_then(|c| c.metrics)
    };
    assert_eq!(page("metrics").map(|page| page.tokens.len()), Some(1), "beyond loopback a token is enough");
    assert!(page("read").is_none(), "this one is for the API, and the page would be open");
}

#[test]
fn no_two_servers_listen_at_the_same_address() {
    let on = |more: Value| {
        let mut all = json!({"api_port": 9190, "metrics_enabled": true, "metrics_port": 9190});
        for (key, value) in more.as_object().expect("keys") {
            all[key] = value.clone();
        }
        file(all)
    };
    let said = refused(&on(json!({})), &[]);
    assert!(said.contains("global.metrics_port") && said.contains("global.api_port too"), "{said}");
    let wide =
        json!({"metrics_host": "0.0.0.0", "metrics_acl": {"enabled": true, "allow_list": ["10.0.0.1"]}});
    assert!(refused(&on(wide), &[]).contains("global.api_port too"));
    let ready = json!({"metrics_port": 9090, "readiness": {"enabled": true, "http_port": 9090}});
    assert!(refused(&on(ready), &[]).contains("global.readiness.http_port"));
    for fine in [
        json!({"metrics_port": 9191}),
        json!({"metrics_host": "127.0.0.2"}),
        json!({"metrics_host": "::1"}),
        json!({"metrics_enabled": false}),
    ] {
        valid(&on(fine), &[]);
    }
}

#[test]
fn what_is_probably_not_meant_is_told_as_it_is_documented() {
    let all = |global: Value, process: Value| {
        let mut app = json!({"command": ["x"]});
        for (key, value) in process.as_object().expect("keys") {
            app[key] = value.clone();
        }
        let report = read(&json!({"global": global, "processes": {"app": app}}).to_string(), &[]).report;
        report.findings.iter().map(|f| (f.severity, f.path.clone())).collect::<Vec<_>>()
    };
    let (warns, hints) = (Severity::Warning, Severity::Suggestion);
    for (global, severity, path) in [
        (json!({"shutdown_timeout": 301}), hints, "global.shutdown_timeout"),
        (json!({"max_restart_attempts": -1}), warns, "global.max_restart_attempts"),
        (json!({"max_restart_attempts": 0}), warns, "global.max_restart_attempts"),
        (json!({"max_restart_attempts": 11}), hints, "global.max_restart_attempts"),
        (json!({"resource_metrics_interval": "1s"}), warns, "global.resource_metrics_interval"),
        (json!({"resource_metrics_interval": 61}), hints, "global.resource_metrics_interval"),
        (json!({"resource_metrics_max_samples": 59}), warns, "global.resource_metrics_max_samples"),
        (json!({"resource_metrics_enabled": true}), warns, "global.resource_metrics_enabled"),
        (json!({"api_enabled": true, "audit_enabled": true}), hints, "global.api_enabled"),
        (json!({"api_enabled": true, "api_auth": "${TOKEN:-t}"}), hints, "global.api_enabled"),
    ] {
        assert_eq!(all(global.clone(), json!({})), [(severity, path.to_owned())], "{global}");
    }
    let job = json!({"schedule": "0 3 * * *", "scale": 3});
    assert_eq!(all(json!({}), job), [(warns, "processes.app.scale".to_owned())]);
    for fine in [
        json!({"shutdown_timeout": 300, "max_restart_attempts": 10, "resource_metrics_interval": 2}),
        json!({"resource_metrics_enabled": true, "metrics_enabled": true, "resource_metrics_max_samples": 60}),
        json!({"api_enabled": true, "api_auth": "${TOKEN:-t}", "audit_enabled": true}),
        json!({"api_auth": "${TOKEN:-t}"}),
    ] {
        assert_eq!(all(fine.clone(), json!({"schedule": "0 3 * * *", "scale": 1})), [], "{fine}");
    }
}

#[test]
fn metrics_of_others_are_of_this_machine_and_have_names_of_their_own() {
    let of = |list: Value| json!({"metrics_enabled": true, "metrics_federate": list});
    let list = json!([
        {"name": "fpm", "url": "http://localhost:9114/metrics", "timeout": "500ms", "cache_ttl": 0},
        {"name": "db", "url": "https://[::1]/metrics?a=b"},
    ]);
    let federated = valid(&file(of(list)), &[]).metrics.expect("a page").federated;
    let times: Vec<_> =
        federated.iter().map(|one| (one.timeout.as_millis(), one.cache_ttl.as_secs())).collect();
    assert_eq!(times, [(500, 0), (2000, 5)]);
    for (entry, part) in [
        (json!({"name": "a", "url": "http://10.0.0.1/metrics"}), "no page of this machine"),
        (json!({"name": "a", "url": "http://127.0.0.1.example.com/"}), "no page of this machine"),
        (json!({"name": "a", "url": "http://127.0.0.1@example.com/"}), "no page of this machine"),
        (json!({"name": "a", "url": "http://localhost:x/"}), "no page of this machine"),
        (json!({"name": "a", "url": "ftp://localhost/"}), "no page of this machine"),
        (json!({"name": "a", "url": "localhost:9114"}), "no page of this machine"),
        (json!({"name": "a\"b", "url": "http://localhost/"}), "no name that a label can have"),
        (json!({"url": "http://localhost/"}), "name is missing"),
        (json!({"name": "a"}), "url is missing"),
        (json!({"name": "fpm", "url": "http://localhost/"}), "is there twice"),
    ] {
        let list = json!([{"name": "fpm", "url": "http://localhost/"}, entry]);
        let said = refused(&file(of(list)), &[]);
        assert!(said.contains(part) && said.contains("metrics_federate[1]"), "{entry}: {said}");
    }
}
