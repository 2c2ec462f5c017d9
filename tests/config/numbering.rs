//! Ports of instances, and texts that name them: what is wrong is said, with its place.

use crate::{read, refused};

#[test]
fn a_port_that_is_asked_for_must_be_there() {
    for process in [
        "command: [x, 'a{{port}}']",
        "command: [x], working_dir: '/{{port}}'",
        "command: [x], env: {A: '{{port}}'}",
        "command: [x], hooks: {pre_start: [{command: [y, '{{port}}']}]}",
        "command: [x], health_check: {type: tcp, address: 'h:{{port}}'}",
        "command: [x], health: {readiness: {type: http, url: 'http://h:{{port}}/'}}",
        "command: [x], health_check: {type: http, url: 'http://h/', headers: {A: '{{port}}'}}",
        "command: [x], health_check: {type: grpc, address: 'h:1', service: '{{port}}'}",
        "command: [x], reload: {command: [y, '{{port}}']}",
        "command: [x, '{{port}}'], port_base: 0",
    ] {
        let said = refused(&format!("processes: {{app: {{{process}}}}}"), &[]);
        assert!(said.contains("port_base") && said.contains("{{port}}"), "{process}: {said}");
    }
    for process in [
        "command: [x, '{{port}}'], port_base: 1",
        "command: [x, '{{{{port}} {{.Names}}']",
        "command: [x], port_base: 1, hooks: {pre_start: [{command: [y, '{{port}}']}]}",
        "command: [x], port_base: 1, health_check: {type: tcp, address: '{{name}}-{{instance}}:{{port}}'}",
        "command: [x], port_base: 1, health_check: {type: http, url: 'http://h:{{port}}/{{name}}'}",
        "command: [x], port_base: 1, reload: {command: [y, '{{port}}']}",
    ] {
        let loaded = read(&format!("processes: {{app: {{{process}}}}}"), &[]);
        assert!(loaded.configuration.is_some(), "{process}: {:?}", loaded.report);
    }
}

#[test]
fn the_last_instance_must_have_a_port() {
    let text =
        |base: u32, more: &str| format!("processes: {{app: {{command: [x], port_base: {base}, {more}}}}}");
    assert!(refused(&text(65_534, "scale: 3"), &[]).contains("65536"));
    assert!(refused(&text(65_534, "scale: 1, max_scale: 3"), &[]).contains("65536"));
    assert!(read(&text(65_533, "scale: 3"), &[]).configuration.is_some());
}

#[test]
fn a_placeholder_that_nobody_knows_is_refused_where_no_other_program_could_mean_it() {
    for check in [
        "{type: tcp, address: 'h:{{prot}}'}",
        "{type: grpc, address: 'h:{{number}}'}",
        "{type: http, url: 'http://h:{{prot}}/'}",
        "{type: http, url: 'http://h/{{path}}'}",
    ] {
        let text = format!("processes: {{app: {{command: [x], port_base: 1, health_check: {check}}}}}");
        let said = refused(&text, &[]);
        assert!(said.contains("{{"), "{check}: {said}");
    }
}
