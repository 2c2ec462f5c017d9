//! What is an endpoint, what is none, and what of it is shown.

use super::*;

fn uri(text: &str) -> Result<String, EndpointError> {
    Endpoint::parse(text).map(|e| e.uri())
}

#[test]
fn host_and_port_are_plain_text_except_on_443() {
    assert_eq!(uri("localhost:4317").as_deref(), Ok("http://localhost:4317"));
    assert_eq!(uri("api.honeycomb.io:443").as_deref(), Ok("https://api.honeycomb.io:443"));
    assert_eq!(uri("collector").as_deref(), Ok("http://collector:4317"));
    assert_eq!(uri("[::1]:4317").as_deref(), Ok("http://[::1]:4317"));
}

#[test]
fn a_scheme_says_it_outright() {
    assert_eq!(uri("http://c:443").as_deref(), Ok("http://c:443"));
    assert_eq!(uri("https://c:4317/").as_deref(), Ok("https://c:4317"));
    assert_eq!(uri("https://c").as_deref(), Ok("https://c:443"));
    assert_eq!(uri("http://c").as_deref(), Ok("http://c:4317"));
}

#[test]
fn what_cannot_be_an_endpoint_is_an_error_that_says_why() {
    assert!(matches!(uri("4317"), Err(EndpointError::BarePort(_))));
    assert!(matches!(uri(""), Err(EndpointError::Empty(_))));
    assert!(matches!(uri("ftp://c:1"), Err(EndpointError::Scheme(_))));
    assert!(matches!(uri("c:4317/v1/traces"), Err(EndpointError::Path(_))));
    assert!(matches!(uri("http://c:4317/x"), Err(EndpointError::Path(_))));
    assert!(matches!(uri("c:0"), Err(EndpointError::Port(_))));
    assert!(matches!(uri("c:99999"), Err(EndpointError::Port(_))));
    assert!(matches!(uri(":4317"), Err(EndpointError::Host(_))));
    assert!(matches!(uri("http://u:p@c:1"), Err(EndpointError::Credentials)));
    assert!(matches!(uri("::1:4317"), Err(EndpointError::Host(_))));
}

#[test]
fn a_key_in_the_query_is_sent_and_never_shown() {
    let of = |text: &str, protocol| Endpoint::parse_as(text, protocol, Security::ByPort);
    let found = of("https://c/trace/v1?Api-Key=s3cret", Protocol::Zipkin);
    let uri = found.as_ref().map(Endpoint::uri);
    assert_eq!(uri.as_deref(), Ok("https://c:443/trace/v1?Api-Key=s3cret"));
    for result in
        [found, of("http://c/x?k=s3cret", Protocol::Grpc), of("http://c?k=s3cret", Protocol::Zipkin)]
    {
        let shown = result.map_or_else(|e| format!("{e} {e:?}"), |e| format!("{e} {e:?}"));
        assert!(!shown.contains("s3cret"), "{shown}");
    }
    for text in ["s3cret@x://c", "http://c/s3cret@?", "c:1/u:s3cret@h"] {
        assert_eq!(of(text, Protocol::Grpc), Err(EndpointError::Credentials), "{text}");
    }
}

#[test]
fn each_protocol_has_its_port_and_its_path() {
    let uri = |text: &str, protocol| Endpoint::parse_as(text, protocol, Security::ByPort).map(|e| e.uri());
    let http = |text: &str| uri(text, Protocol::OtlpHttp);
    assert_eq!(http("c").as_deref(), Ok("http://c:4318/v1/traces"));
    assert_eq!(http("http://c:4318/").as_deref(), Ok("http://c:4318/v1/traces"));
    assert_eq!(http("https://c/otlp").as_deref(), Ok("https://c:443/otlp/v1/traces"));
    assert_eq!(http("http://c/api/v0.2/traces").as_deref(), Ok("http://c:80/api/v0.2/traces"));
    assert_eq!(uri("http://c:1/otlp", Protocol::OtlpHttpExact).as_deref(), Ok("http://c:1/otlp"));
    assert_eq!(uri("c:9411", Protocol::Zipkin).as_deref(), Ok("http://c:9411/api/v2/spans"));
    assert_eq!(uri("http://c:9411/x/y", Protocol::Zipkin).as_deref(), Ok("http://c:9411/x/y"));
    assert!(matches!(http("http://c/a b"), Err(EndpointError::BadPath(_))));
}

#[test]
fn a_query_stands_behind_the_path_of_the_protocol() {
    let uri = |text: &str, protocol| Endpoint::parse_as(text, protocol, Security::ByPort).map(|e| e.uri());
    let of = |text: &str, protocol, path: &str| {
        assert_eq!(uri(text, protocol), Ok(format!("http://c:1{path}")), "{text}");
    };
    of("http://c:1/otlp?k=a/b", Protocol::OtlpHttp, "/otlp/v1/traces?k=a/b");
    of("http://c:1?k=v&x", Protocol::OtlpHttp, "/v1/traces?k=v&x");
    of("http://c:1/?k=v", Protocol::OtlpHttp, "/v1/traces?k=v");
    of("http://c:1/v1/traces?k=/traces", Protocol::OtlpHttp, "/v1/traces?k=/traces");
    of("http://c:1?k=v", Protocol::OtlpHttpExact, "/?k=v");
    of("http://c:1/x/?k=v", Protocol::OtlpHttpExact, "/x/?k=v");
    of("http://c:1?k=v", Protocol::Zipkin, "/api/v2/spans?k=v");
    assert!(matches!(uri("http://c:1?k=s3cret", Protocol::Grpc), Err(EndpointError::Path(_))));
    assert!(matches!(uri("http://c:1/x?k#v", Protocol::OtlpHttp), Err(EndpointError::BadPath(_))));
}

#[test]
fn tls_that_is_asked_for_or_refused_is_never_overruled() {
    let of = |text: &str, security| Endpoint::parse_as(text, Protocol::Grpc, security).map(|e| e.tls());
    assert_eq!(of("c:4317", Security::Tls), Ok(true));
    assert_eq!(of("c:443", Security::Plain), Ok(false));
    assert_eq!(of("http://c:4317", Security::Tls), Err(EndpointError::PlainDespiteTls));
    assert_eq!(of("https://c:4317", Security::Plain), Err(EndpointError::TlsDespitePlain));
    assert_eq!(of("unix:/run/c.sock", Security::Tls), Err(EndpointError::PlainDespiteTls));
}

#[test]
fn a_unix_socket_is_named_by_its_full_path() {
    let address = |text: &str| Endpoint::parse(text).map(|e| e.address().clone());
    assert_eq!(address("unix:/run/c.sock"), Ok(Address::Unix("/run/c.sock".into())));
    assert_eq!(address("unix:///run/c.sock"), Ok(Address::Unix("/run/c.sock".into())));
    assert!(matches!(address("unix:c.sock"), Err(EndpointError::Socket(_))));
}
