//! A question by HTTP: one GET on a connection of its own, redirects followed, and whether the status is a good one. One
//! that is itself a good one is not followed.

use super::{context, dial, tls};
use bytes::Bytes;
use http::header::{ACCEPT, CONNECTION, HOST, LOCATION, USER_AGENT};
use http::uri::Scheme;
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use opentelemetry::trace::SpanContext;
use phpeek_core::health::HttpQuestion;
use phpeek_core::health::facts::{Answer, ProbeFault};
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};

/// Redirects that are followed at most.
const HOPS: usize = 10;
/// So much of a body is looked at for its first line.
const BODY: usize = 1024;
/// So much of that line is shown.
const LINE: usize = 200;
const AGENT: &str = concat!("phpeek-pm/", env!("CARGO_PKG_VERSION"));

/// Asks, as part of the trace of `context` when there is one.
pub(super) async fn ask(question: &HttpQuestion, context: &SpanContext) -> Answer {
    let mut url = match question.url.parse::<Uri>() {
        Ok(url) => url,
        Err(error) => return Answer::bad(ProbeFault::Unreachable, format!("{}: {error}", question.url)),
    };
    for _ in 0..=HOPS {
        let response = match get(&url, question, context).await {
            Ok(response) => response,
            Err(error) => return dial::answer(&url.to_string(), &error),
        };
        let status = response.status().as_u16();
        if question.statuses.iter().any(|(from, to)| (*from..=*to).contains(&status)) {
            return Answer::well(format!("status {status}"));
        }
        match next(&url, &response) {
            Some(there) => url = there,
            None => return Answer::bad(ProbeFault::Answer, refused(status, response).await),
        }
    }
    Answer::bad(ProbeFault::Answer, format!("more than {HOPS} redirects"))
}

/// Where a redirect leads.
fn next(from: &Uri, response: &Response<Incoming>) -> Option<Uri> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    join(from, response.headers().get(LOCATION)?.to_str().ok()?)
}

/// A reference as it is meant at this address (RFC 3986, 5.2, without dot segments, which servers resolve).
fn join(from: &Uri, reference: &str) -> Option<Uri> {
    let reference = reference.split('#').next().unwrap_or(reference);
    let (scheme, authority) = (from.scheme_str()?, from.authority()?);
    let text = match reference {
        absolute if absolute.contains("://") => absolute.to_owned(),
        host if host.starts_with("//") => format!("{scheme}:{host}"),
        path if path.starts_with('/') => format!("{scheme}://{authority}{path}"),
        query if query.starts_with('?') => format!("{scheme}://{authority}{}{query}", from.path()),
        below => {
            let folder = from.path().rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{scheme}://{authority}{folder}/{below}")
        }
    };
    text.parse().ok()
}

/// The status and the first line of the body.
async fn refused(status: u16, response: Response<Incoming>) -> String {
    let mut begin = Vec::new();
    let mut body = response.into_body();
    while begin.len() < BODY && !begin.contains(&b'\n') {
        match body.frame().await {
            Some(Ok(frame)) => begin.extend(frame.data_ref().into_iter().flatten().take(BODY)),
            Some(Err(_)) | None => break,
        }
    }
    let text = String::from_utf8_lossy(&begin);
    let line: String = text.lines().next().unwrap_or_default().trim().chars().take(LINE).collect();
    if line.is_empty() { format!("status {status}") } else { format!("status {status}: {line}") }
}

async fn get(url: &Uri, question: &HttpQuestion, context: &SpanContext) -> io::Result<Response<Incoming>> {
    exchange(url, request(url, question, context)?).await
}

/// Sends a request on a connection of its own; gives the head of the answer, whatever it says.
pub(super) async fn exchange(url: &Uri, request: Request<Full<Bytes>>) -> io::Result<Response<Incoming>> {
    let host = url.host().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it names no host"))?;
    let secure = url.scheme() == Some(&Scheme::HTTPS);
    let port = url.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let stream = dial::connect_to(host, port).await?;
    if secure { send(tls::over(stream, host).await?, request).await } else { send(stream, request).await }
}

async fn send<S>(stream: S, request: Request<Full<Bytes>>) -> io::Result<Response<Incoming>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // It ends with the response, or with the question that is given up: both drop the sender.
    tokio::spawn(async move { connection.await.ok() });
    sender.send_request(request).await.map_err(broken)
}

fn broken(error: hyper::Error) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, error)
}

fn request(url: &Uri, question: &HttpQuestion, context: &SpanContext) -> io::Result<Request<Full<Bytes>>> {
    let mut request = plain(Method::GET, url, &question.headers, Bytes::new())?;
    context::tell(request.headers_mut(), context);
    Ok(request)
}

/// A request of this method, with these headers over our own.
pub(super) fn plain(
    method: Method,
    url: &Uri,
    own: &[(String, String)],
    body: Bytes,
) -> io::Result<Request<Full<Bytes>>> {
    let invalid = |error: http::Error| io::Error::new(io::ErrorKind::InvalidInput, error);
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let authority = url.authority().map_or("", |authority| authority.as_str());
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let request = Request::builder().method(method).uri(path);
    let mut request = request.header(HOST, host).body(Full::new(body)).map_err(invalid)?;
    let headers = request.headers_mut();
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    for (name, value) in own {
        let name = name.parse::<HeaderName>().map_err(|error| invalid(error.into()))?;
        headers.insert(name, value.parse::<HeaderValue>().map_err(|error| invalid(error.into()))?);
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail")]
    use super::*;

    #[test]
    fn a_redirect_leads_where_it_says() {
        let from: Uri = "http://a:81/x/y?z=1".parse().expect("a url");
        let joined = |reference| join(&from, reference).expect("a url").to_string();
        assert_eq!(joined("https://b/c#d"), "https://b/c");
        assert_eq!(joined("//b/c"), "http://b/c");
        assert_eq!(joined("/c?d"), "http://a:81/c?d");
        assert_eq!(joined("c"), "http://a:81/x/c");
        assert_eq!(joined("?d"), "http://a:81/x/y?d");
    }
}
