// SPDX-License-Identifier: GPL-2.0

//! One answer to a scraper over HTTP/1.1 (RFC 9112), on a connection that systemd accepted.

use std::io::{self, Write};

use crate::error::Reason;
use crate::system::System;

/// Bytes of the head of a request at most.
const ROOM: usize = 8192;
/// Fields of it at most.
const FIELDS: usize = 64;
const PATH: &str = "/metrics";

/// The type of OpenMetrics text.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

/// What is answered.
struct Answer {
    status: &'static str,
    kind: &'static str,
    body: String,
    /// The body is left out: the request has the method HEAD.
    head_only: bool,
}

/// Reads a request from the standard input and answers it. `text` is what is asked for. One that
/// sends nothing, such as a health check of a port, gets no answer.
pub fn serve(
    system: &dyn System,
    out: &mut dyn Write,
    text: impl FnOnce() -> Result<String, Reason>,
) -> io::Result<()> {
    let mut room = [0; ROOM];
    let mut filled = 0;
    let answer = loop {
        let count = system.read_input(&mut room[filled..])?;
        filled += count;
        let request = &room[..filled];
        match answer(request) {
            Some(Ok(head_only)) => break metrics(text, head_only),
            Some(Err(status)) => break refusal(status),
            None if filled == ROOM => break refusal("431 Request Header Fields Too Large"),
            None if count == 0 && filled == 0 => return Ok(()),
            None if count == 0 => break refusal("400 Bad Request"),
            None => {}
        }
    };
    answer.write(out)
}

/// What the request gets: the metrics, without the body or with it, or an error. Nothing while it
/// is incomplete.
fn answer(request: &[u8]) -> Option<Result<bool, &'static str>> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut head = httparse::Request::new(&mut fields);
    match head.parse(request) {
        Ok(httparse::Status::Partial) => return None,
        Ok(httparse::Status::Complete(_)) => {}
        Err(_) => return Some(Err("400 Bad Request")),
    }
    let path = head.path.and_then(|path| path.split('?').next());
    Some(match (head.method, path) {
        (_, path) if path != Some(PATH) => Err("404 Not Found"),
        (Some("GET"), _) => Ok(false),
        (Some("HEAD"), _) => Ok(true),
        _ => Err("405 Method Not Allowed"),
    })
}

fn metrics(text: impl FnOnce() -> Result<String, Reason>, head_only: bool) -> Answer {
    let (status, kind, body) = match text() {
        Ok(text) => ("200 OK", OPEN_METRICS, text),
        Err(why) => {
            let body = format!("{}; {}\n", why.what(), why.steps());
            ("503 Service Unavailable", PLAIN, body)
        }
    };
    Answer {
        status,
        kind,
        body,
        head_only,
    }
}

fn refusal(status: &'static str) -> Answer {
    Answer {
        status,
        kind: PLAIN,
        body: format!("{status}: the metrics are at {PATH}\n"),
        head_only: false,
    }
}

impl Answer {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self {
            status, kind, body, ..
        } = self;
        let length = body.len();
        write!(
            out,
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
             Connection: close\r\n"
        )?;
        // RFC 9110 requires it of this status.
        if status.starts_with("405") {
            out.write_all(b"Allow: GET, HEAD\r\n")?;
        }
        out.write_all(b"\r\n")?;
        match self.head_only {
            true => Ok(()),
            false => out.write_all(body.as_bytes()),
        }
    }
}
