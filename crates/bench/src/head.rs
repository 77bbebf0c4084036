//! The head of an HTTP/1.1 answer, read from bytes: what the blocking client and the one with many
//! connections have in common.

use anyhow::{Context, Result, ensure};

/// The longest head that is read.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// Status and headers of an answer.
#[derive(Debug)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
}

/// How the end of a body is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// That many bytes; none if it is zero.
    Length(u64),
    /// Chunks, until one of no bytes.
    Chunked,
}

impl Head {
    /// Reads a head that begins `bytes`, and says how many bytes it has. `None` if its end has not
    /// arrived.
    ///
    /// # Errors
    /// If it is not one.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            ensure!(bytes.len() <= HEAD_BYTES_MAX, "a head without end");
            return Ok(None);
        };
        let text = std::str::from_utf8(&bytes[..end])?;
        let mut lines = text.split("\r\n");
        let line = lines.next().unwrap_or_default();
        let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.with_context(|| format!("not a status line: {line:?}"))?;
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Ok(Some((Self { status, headers }, end + 4)))
    }

    /// The first header of that name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// How long the body is, given the method that was asked with.
    ///
    /// # Errors
    /// If the length is not a number.
    pub fn framing(&self, method: &str) -> Result<Framing> {
        if method == "HEAD" || matches!(self.status, 204 | 304) {
            return Ok(Framing::Length(0));
        }
        if self.header("transfer-encoding").is_some_and(|it| it.eq_ignore_ascii_case("chunked")) {
            return Ok(Framing::Chunked);
        }
        let length = self.header("content-length").unwrap_or("0");
        Ok(Framing::Length(length.parse().with_context(|| format!("a length of {length:?}"))?))
    }
}

/// The size of a chunk, in the line before it.
///
/// # Errors
/// If it is not a number in base 16.
pub fn chunk_size(line: &str) -> Result<u64> {
    let digits = line.split(';').next().unwrap_or_default().trim();
    u64::from_str_radix(digits, 16).with_context(|| format!("a chunk of {line:?} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Option<(Head, usize)> {
        Head::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_head_ends_with_an_empty_line() {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nLocation: http://a/b:c\r\n\r\nabc";
        let (parsed, used) = head(text).unwrap();
        assert_eq!((parsed.status, used), (200, text.len() - 3));
        assert_eq!(parsed.header("location"), Some("http://a/b:c"));
        assert_eq!(parsed.framing("GET").unwrap(), Framing::Length(3));
        assert_eq!(parsed.framing("HEAD").unwrap(), Framing::Length(0));
        for part in 0..text.len() - 3 {
            assert!(head(&text[..part]).is_none());
        }
    }

    #[test]
    fn bodies_are_framed_by_chunks_too() {
        let (parsed, _) = head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        assert_eq!(parsed.framing("GET").unwrap(), Framing::Chunked);
        let (parsed, _) = head("HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        assert_eq!(parsed.framing("GET").unwrap(), Framing::Length(0));
        assert_eq!(chunk_size("1f;a=b").unwrap(), 31);
        assert!(chunk_size("x").is_err());
    }

    #[test]
    fn what_is_not_an_answer_is_an_error() {
        assert!(Head::parse(b"SSH-2.0-x\r\n\r\n").is_err());
        assert!(Head::parse(&vec![b'a'; HEAD_BYTES_MAX + 1]).is_err());
        let (parsed, _) = head("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n").unwrap();
        assert!(parsed.framing("GET").is_err());
    }
}
