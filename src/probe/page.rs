//! A page of somebody on this machine, whole: one GET, no redirect followed, bounded. Who asks bounds the time.

use super::http::{exchange, plain};
use bytes::Bytes;
use http::{Method, Uri};
use http_body_util::BodyExt;

/// Bytes of a page at most.
const MOST: usize = 8 << 20;

/// Gets the text that lies at `url`; an error in words for people.
///
/// # Errors
/// When nobody answers, the status is not 200, it is too large or no text.
pub async fn page(url: &str, accept: &str) -> Result<String, String> {
    let uri: Uri = url.parse().map_err(|error| format!("{error}"))?;
    let headers = [("accept".to_owned(), accept.to_owned())];
    let request = plain(Method::GET, &uri, &headers, Bytes::new()).map_err(|error| error.to_string())?;
    let response = exchange(&uri, request).await.map_err(|error| error.to_string())?;
    if response.status() != http::StatusCode::OK {
        return Err(format!("status {}", response.status().as_u16()));
    }
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| error.to_string())?;
        let more = frame.data_ref().map_or(&[][..], |data| data);
        if bytes.len() + more.len() > MOST {
            return Err(format!("it is larger than {MOST} bytes"));
        }
        bytes.extend_from_slice(more);
    }
    String::from_utf8(bytes).map_err(|_| "it is no UTF-8".to_owned())
}
