//! How is a host, how an origin written in an app's settings? As a browser writes it, so that comparing texts is enough.

use url::{Host, Url};

use crate::api_error::ApiError;

/// A host that people may be sent to: `host`, at any port, or `host:port`.
pub(super) fn redirect_host(text: &str) -> Result<String, ApiError> {
    let text = text.to_ascii_lowercase();
    // The colons of an IPv6 address stand in brackets.
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text.as_str(), None),
    };
    let is_plain = host.starts_with('[') || host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    let is_host = is_plain && Host::parse(host).is_ok_and(|read| read.to_string() == host);
    let is_port = |port: &str| port.parse().is_ok_and(|number: u16| number > 0 && number.to_string() == port);
    if is_host && port.is_none_or(is_port) {
        return Ok(text);
    }
    Err(ApiError::invalid(
        "redirect_hosts: a host is written without scheme and path, as example.com, example.com:8443 or 127.0.0.1; \
         without a port it is good at any",
    ))
}

/// An origin whose pages may call: `scheme://host[:port]`.
pub(super) fn origin(text: &str) -> Result<String, ApiError> {
    let text = text.to_ascii_lowercase();
    let is_origin = |url: &Url| matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text;
    if Url::parse(&text).is_ok_and(|url| is_origin(&url)) {
        return Ok(text);
    }
    Err(ApiError::invalid(
        "origins: an origin is written as https://example.com or http://localhost:3000, without a path, and without \
         a port that is the scheme's own",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_taken_as_a_browser_writes_it_and_nothing_else() {
        for (given, kept) in [
            ("example.com", "example.com"),
            ("Example.COM:8443", "example.com:8443"),
            ("localhost", "localhost"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("[::1]:65535", "[::1]:65535"),
            ("[::1]", "[::1]"),
            ("xn--fiqs8s.cn", "xn--fiqs8s.cn"),
        ] {
            assert_eq!(redirect_host(given).unwrap(), kept);
        }
        for bad in [
            "",
            ":",
            ":80",
            "example.com:",
            "example.com:0",
            "example.com:080",
            "example.com:65536",
            "example.com:+1",
            "https://example.com",
            "example.com/",
            "example.com/path",
            "user@example.com",
            "*.example.com",
            "*",
            "中国.cn",
            "127.1",
            "0x7f000001",
            "::1",
            "[::1",
            "[0:0::1]",
            "a b",
            "example.com\\",
            "a\0b",
            "example.com:80:80",
        ] {
            assert!(redirect_host(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_origin_is_a_scheme_a_host_and_perhaps_a_port() {
        for (given, kept) in [
            ("https://example.com", "https://example.com"),
            ("HTTP://LocalHost:3000", "http://localhost:3000"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(origin(given).unwrap(), kept);
        }
        for bad in [
            "",
            "*",
            "null",
            "example.com",
            "https://example.com/",
            "https://example.com:443",
            "https://example.com/path",
            "https://user@example.com",
            "ftp://example.com",
            "file:///etc/passwd",
            "data:,x",
            "https://*.example.com/",
            "https://example.com?",
            "https://example.com#",
        ] {
            assert!(origin(bad).is_err(), "{bad:?}");
        }
    }
}
