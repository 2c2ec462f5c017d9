//! Whether a request can come from a page of somebody else in a browser of somebody who may: foreign names (DNS
//! rebinding), foreign origins, forms (CSRF). Judges headers, knows nobody.

use super::super::refusal::Refusal;
use http::{HeaderMap, Method, StatusCode, Uri, header};
use std::net::IpAddr;

/// What a form can send without asking first (Fetch, "CORS-safelisted request-header").
const FORMS: [&str; 3] = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];

/// What a client shows that a page cannot: then the name does not matter. A form is no client of ours, whatever it shows: a browser shows the
/// certificate of its user by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// A token, or a certificate and the name of the server in ours.
    Secret,
    /// Nothing.
    Nothing,
}

/// Judges a request that came by TCP.
pub(super) fn judge(shown: Shown, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
    let host = match uri.authority() {
        Some(authority) => authority.as_str(),
        None => {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            host.ok_or_else(|| Refusal::bad("a request needs a Host"))?
        }
    };
    if shown == Shown::Nothing && !is_near(host) {
        let message = "this Host is not known here: use an address or localhost, or set api_auth";
        return Err(Refusal(StatusCode::FORBIDDEN, message.to_owned()));
    }
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let own = |origin: &str| {
        origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
    };
    let foreign = text("origin").is_some_and(|origin| !own(origin))
        || text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    if foreign {
        return Err(Refusal(StatusCode::FORBIDDEN, "a page of another origin may not ask".to_owned()));
    }
    let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let kind = text("content-type").and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    // A form can also be sent without saying what it is.
    let unnamed = kind.is_empty() && has_body(headers);
    if changes && (unnamed || FORMS.iter().any(|form| kind.eq_ignore_ascii_case(form))) {
        let message = "a form cannot change anything: send Content-Type: application/json";
        return Err(Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, message.to_owned()));
    }
    Ok(())
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).map(|length| length.as_bytes() != b"0");
    length.unwrap_or_else(|| headers.contains_key(header::TRANSFER_ENCODING))
}

/// Whether a host is an address or this machine: such a name cannot be made to mean another place.
fn is_near(host: &str) -> bool {
    let bare = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = bare.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || bare.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn status(shown: Shown, method: &Method, all: &[(&str, &str)]) -> u16 {
        let headers = all.iter().map(|(name, value)| {
            let name: HeaderName = name.parse().expect("a name");
            (name, HeaderValue::from_str(value).expect("a value"))
        });
        let headers: HeaderMap = headers.collect();
        judge(shown, method, &Uri::from_static("/x"), &headers)
            .err()
            .map_or(200, |refusal| refusal.0.as_u16())
    }

    #[test]
    fn a_foreign_name_is_refused_unless_a_secret_is_shown() {
        for (host, wanted) in [
            ("127.0.0.1:9180", 200),
            ("localhost", 200),
            ("LOCALHOST.:9180", 200),
            ("app.localhost:1", 200),
            ("[::1]:9180", 200),
            ("192.0.2.7", 200),
            ("evil.example", 403),
            ("localhost.evil.example:9180", 403),
            ("127.0.0.1.evil.example", 403),
            ("", 403),
        ] {
            assert_eq!(status(Shown::Nothing, &Method::GET, &[("host", host)]), wanted, "{host}");
        }
        assert_eq!(status(Shown::Secret, &Method::GET, &[("host", "api.example")]), 200);
        assert_eq!(status(Shown::Secret, &Method::GET, &[]), 400);
    }

    #[test]
    fn a_page_of_another_origin_is_refused_whatever_it_shows() {
        let host = ("host", "localhost:9180");
        for (origin, wanted) in [
            ("http://localhost:9180", 200),
            ("http://LOCALHOST:9180", 200),
            ("http://localhost:3000", 403),
            ("https://evil.example", 403),
            ("null", 403),
            ("", 403),
        ] {
            for shown in [Shown::Nothing, Shown::Secret] {
                assert_eq!(status(shown, &Method::GET, &[host, ("origin", origin)]), wanted, "{origin}");
            }
        }
        assert_eq!(status(Shown::Secret, &Method::GET, &[host, ("sec-fetch-site", "cross-site")]), 403);
        assert_eq!(status(Shown::Nothing, &Method::GET, &[host, ("sec-fetch-site", "none")]), 200);
    }

    #[test]
    fn a_form_changes_nothing() {
        let host = ("host", "localhost");
        for (kind, wanted) in [
            ("application/x-www-form-urlencoded", 415),
            ("Text/Plain; charset=utf-8", 415),
            ("multipart/form-data; boundary=x", 415),
            ("application/json", 200),
        ] {
            for shown in [Shown::Nothing, Shown::Secret] {
                assert_eq!(status(shown, &Method::POST, &[host, ("content-type", kind)]), wanted, "{kind}");
                assert_eq!(status(shown, &Method::GET, &[host, ("content-type", kind)]), 200);
            }
        }
        for (header, wanted) in [
            (("content-length", "2"), 415),
            (("transfer-encoding", "chunked"), 415),
            (("content-length", "0"), 200),
            (("user-agent", "curl"), 200),
        ] {
            assert_eq!(status(Shown::Secret, &Method::POST, &[host, header]), wanted, "{header:?}");
            assert_eq!(status(Shown::Secret, &Method::GET, &[host, header]), 200, "{header:?}");
        }
    }
}
