// SPDX-License-Identifier: GPL-2.0

//! `metrics --http`: one request, one answer.

use super::{addrctl, nginx};
use crate::testing::Fake;

/// The answer to a request: its status, its other fields, and its body.
fn ask(fake: &Fake, request: &str) -> (String, String, String) {
    fake.state().input = request.as_bytes().to_vec();
    let answer = addrctl(fake, "metrics --http").unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
    let (status, fields) = head.split_once("\r\n").unwrap();
    (status.to_owned(), fields.to_owned(), body.to_owned())
}

fn machine() -> Fake {
    let fake = nginx();
    addrctl(&fake, "define shop 10.0.0.1").unwrap();
    fake
}

#[test]
fn a_scraper_gets_open_metrics_text() {
    let fake = machine();
    let text = addrctl(&fake, "metrics").unwrap();
    let scraper = "GET /metrics?a=b HTTP/1.1\r\nHost: 127.0.0.1:9917\r\nAccept: */*\r\n\r\n";
    let (status, fields, body) = ask(&fake, scraper);
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert_eq!(
        fields,
        format!(
            "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n\
             Content-Length: {}\r\nConnection: close",
            text.len()
        )
    );
    // The numbers of a kind have no order.
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    assert_eq!(sorted(&body), sorted(&text));
    assert!(body.ends_with("# EOF\n"));
    let (status, other, body) = ask(&fake, &scraper.replace("GET", "HEAD"));
    assert_eq!((status.as_str(), body.as_str()), ("HTTP/1.1 200 OK", ""));
    assert_eq!(other, fields);
}

#[test]
fn other_requests_get_an_error() {
    let fake = machine();
    let long = format!("GET /metrics HTTP/1.1\r\nA: {}", "a".repeat(9000));
    for (request, expected) in [
        ("GET / HTTP/1.1\r\n\r\n", "404 Not Found"),
        ("GET /metricsx HTTP/1.1\r\n\r\n", "404 Not Found"),
        ("POST /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed"),
        ("GET /metrics\r\n\r\n", "400 Bad Request"),
        ("\u{1}\u{2}", "400 Bad Request"),
        ("GET /metrics HTTP/1.1\r\n", "400 Bad Request"),
        (&long, "431 Request Header Fields Too Large"),
    ] {
        let (status, fields, body) = ask(&fake, request);
        assert_eq!(status, format!("HTTP/1.1 {expected}"), "{request}");
        assert_eq!(
            fields.contains("Allow: GET, HEAD"),
            expected.starts_with("405")
        );
        assert!(body.contains("the metrics are at /metrics"), "{body}");
    }
}

#[test]
fn who_sends_nothing_gets_nothing() {
    assert_eq!(addrctl(&machine(), "metrics --http").unwrap(), "");
}

#[test]
fn without_the_module_the_scraper_is_told_why() {
    let fake = machine();
    fake.state().no_device = Some(rustix::io::Errno::NOENT);
    let (status, _, body) = ask(&fake, "GET /metrics HTTP/1.1\r\n\r\n");
    assert_eq!(status, "HTTP/1.1 503 Service Unavailable");
    assert!(
        body.starts_with("the addrconf module is not loaded"),
        "{body}"
    );
}
