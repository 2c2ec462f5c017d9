//! What says where spans come from. Owns the precedence of `service.name` and the reading of the container's id. Must
//! never hold the supervisor's arguments: they may hold secrets.

use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
use phpeek_core::names;
use phpeek_settings::env::{self, Lookup};
use std::fs;

const DEFAULT_NAME: &str = "phpeek-pm";

/// The resource, and whether OTEL_RESOURCE_ATTRIBUTES was malformed and left out.
#[must_use]
pub fn build(configured_name: Option<&str>, env: Lookup<'_>) -> (Resource, bool) {
    let given = env::resource_attributes(env);
    let malformed = given.is_none();
    let given = given.unwrap_or_default();
    // The last of a name counts, and an empty one is none.
    let from_attributes = given.iter().rfind(|(k, _)| k == "service.name").map(|(_, v)| v.clone());
    let said = |name: &String| !name.trim().is_empty();
    let name = configured_name
        .map(str::to_owned)
        .filter(said)
        .or_else(|| env::set(env, "OTEL_SERVICE_NAME"))
        .or(from_attributes.filter(said))
        .unwrap_or_else(|| DEFAULT_NAME.to_owned());
    let mut pairs = vec![
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", uuid_v4()),
        KeyValue::new("os.type", "linux"),
        KeyValue::new(names::PROCESS_PID, i64::from(std::process::id())),
        KeyValue::new("telemetry.sdk.name", "opentelemetry"),
        KeyValue::new("telemetry.sdk.language", "rust"),
        KeyValue::new("telemetry.sdk.version", "0.33.1"),
    ];
    let found = [("host.name", host_name()), ("container.id", container_id())];
    pairs.extend(found.into_iter().chain(kubernetes(env)).filter_map(|(k, v)| Some(KeyValue::new(k, v?))));
    // What the user says wins over what was found; the name is last.
    pairs.extend(given.into_iter().map(|(k, v)| KeyValue::new(k, v)));
    pairs.push(KeyValue::new("service.name", name));
    (Resource::builder_empty().with_attributes(pairs).build(), malformed)
}

/// The resource of an instance: a service of its own on the same host, under the id that it is given in its environment.
#[must_use]
pub fn of_child(own: &Resource, service: &str, instance: &str) -> Resource {
    const NOT_ITS: [&str; 4] = ["service.name", "service.version", "service.instance.id", names::PROCESS_PID];
    let shared = own
        .iter()
        .filter(|(key, _)| !NOT_ITS.contains(&key.as_str()) && !key.as_str().starts_with("telemetry.sdk."));
    let mut pairs: Vec<_> = shared.map(|(key, value)| KeyValue::new(key.clone(), value.clone())).collect();
    pairs.push(KeyValue::new("service.name", service.to_owned()));
    pairs.push(KeyValue::new("service.instance.id", instance.to_owned()));
    Resource::builder_empty().with_attributes(pairs).build()
}

/// Who says it, of everything that leaves the program.
pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("phpeek-pm").with_version(env!("CARGO_PKG_VERSION")).build()
}

fn kubernetes(env: Lookup<'_>) -> [(&'static str, Option<String>); 2] {
    // HOSTNAME is the pod's name only inside Kubernetes, which sets KUBERNETES_SERVICE_HOST.
    let inside = env::set(env, "KUBERNETES_SERVICE_HOST").is_some();
    let first = |names: &[&str]| names.iter().find_map(|n| env::set(env, n));
    let pod = first(&["K8S_POD_NAME", "POD_NAME"]).or_else(|| env::set(env, "HOSTNAME").filter(|_| inside));
    [
        ("k8s.pod.name", pod),
        ("k8s.namespace.name", first(&["K8S_NAMESPACE_NAME", "K8S_POD_NAMESPACE", "POD_NAMESPACE"])),
    ]
}

fn host_name() -> Option<String> {
    let text = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(text.trim().to_owned()).filter(|t| !t.is_empty())
}

fn container_id() -> Option<String> {
    ["/proc/self/cgroup", "/proc/self/mountinfo"]
        .iter()
        .find_map(|path| find_container_id(&fs::read_to_string(path).ok()?))
}

/// The first run of exactly 64 hexadecimal digits: what Docker, containerd and CRI-O put in paths of their own. In
/// mountinfo only lines about the container's own files count, since overlay layers have such names too.
fn find_container_id(text: &str) -> Option<String> {
    let own =
        |line: &&str| !line.contains(" - ") || line.contains("/etc/hostname") || line.contains("/etc/hosts");
    text.lines()
        .filter(own)
        .flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric()))
        .find(|word| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit()))
        .map(str::to_owned)
}

/// RFC 9562, section 5.4: random bits, with version 4 and variant 10 set.
fn uuid_v4() -> String {
    let bits = fastrand::u128(..) & !(0xf << 76) & !(0b11 << 62) | (4 << 76) | (0b10 << 62);
    let hex = format!("{bits:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(configured: Option<&str>, service: Option<&str>, attributes: &str) -> Option<String> {
        let env = |n: &str| match n {
            "OTEL_SERVICE_NAME" => service.map(str::to_owned),
            "OTEL_RESOURCE_ATTRIBUTES" => Some(attributes.to_owned()),
            _ => None,
        };
        let (resource, _) = build(configured, &env);
        resource.get(&"service.name".into()).map(|v| v.as_str().into_owned())
    }

    #[test]
    fn the_name_of_the_service_has_an_order() {
        assert_eq!(name(Some("a"), Some("b"), "service.name=c").as_deref(), Some("a"));
        assert_eq!(name(None, Some("b"), "service.name=c").as_deref(), Some("b"));
        assert_eq!(name(None, None, "service.name=c").as_deref(), Some("c"));
        assert_eq!(name(None, None, "x=1,malformed").as_deref(), Some("phpeek-pm"));
        assert_eq!(name(Some(" "), Some(""), "service.name=").as_deref(), Some("phpeek-pm"));
        assert_eq!(name(Some(""), None, "service.name=c").as_deref(), Some("c"));
        assert_eq!(name(None, None, "service.name=%20,x=").as_deref(), Some("phpeek-pm"));
    }

    #[test]
    fn a_container_is_found_by_its_own_path() {
        let id = "0123456789abcdef".repeat(4);
        assert_eq!(
            find_container_id(&format!("0::/system.slice/docker-{id}.scope")).as_deref(),
            Some(id.as_str())
        );
        assert_eq!(find_container_id(&format!("1 2 0:1 /x/{id}/diff / rw - overlay o rw")), None);
        assert_eq!(find_container_id("0::/"), None);
    }

    #[test]
    fn the_instance_id_is_a_uuid_of_version_4() {
        let id = uuid_v4();
        assert_eq!((id.len(), id.get(14..15)), (36, Some("4")));
        assert!(id.get(19..20).is_some_and(|c| "89ab".contains(c)));
    }
}
