//! Pagination: pages of a bounded size, and opaque tokens bound to the list they came from.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wharfinger_core::limits::{PAGE_DEFAULT, PAGE_MAX};

use crate::Error;

/// Longer tokens are not ours.
const TOKEN_CHARS_MAX: usize = 4096;

/// The part of a list that a caller wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// Elements at the most; [`PAGE_DEFAULT`] when none is given.
    pub max_results: Option<u32>,
    /// The token of the page before.
    pub next_token: Option<String>,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The elements.
    pub items: Vec<T>,
    /// Where the list goes on; none on the last page.
    pub next_token: Option<String>,
}

impl PageRequest {
    /// How many elements to show.
    pub(crate) fn limit(&self) -> u32 {
        self.limit_within(PAGE_DEFAULT, PAGE_MAX)
    }

    /// How many elements to show of a list with limits of its own.
    pub(crate) fn limit_within(&self, default: u32, max: u32) -> u32 {
        self.max_results.unwrap_or(default).clamp(1, max)
    }

    /// Where to begin: `None` at the start of the list.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a token that is not of this list.
    pub(crate) fn position<P: DeserializeOwned>(&self, list: &str) -> Result<Option<P>, Error> {
        let Some(token) = &self.next_token else { return Ok(None) };
        let foreign = || Error::invalid("nextToken", "Member must be a token of this request");
        if token.len() > TOKEN_CHARS_MAX {
            return Err(foreign());
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| foreign())?;
        let (tag, position) = bytes.split_at_checked(TAG_BYTES).ok_or_else(foreign)?;
        if tag != list_tag(list) {
            return Err(foreign());
        }
        serde_json::from_slice(position).map(Some).map_err(|_| foreign())
    }
}

impl<T> Page<T> {
    /// A page from one element more than it may show, so that the last page is known as such.
    pub(crate) fn cut<P: Serialize>(
        mut items: Vec<T>,
        limit: u32,
        list: &str,
        position: impl FnOnce(&T) -> P,
    ) -> Self {
        let limit = limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(position) } else { None };
        Self::up_to(items, list, next)
    }

    /// A page of these elements; the list goes on after `next`, if it does.
    pub(crate) fn up_to<P: Serialize>(items: Vec<T>, list: &str, next: Option<P>) -> Self {
        let next_token = next.and_then(|position| {
            let position = serde_json::to_vec(&position).ok()?;
            Some(URL_SAFE_NO_PAD.encode([list_tag(list).as_slice(), &position].concat()))
        });
        Self { items, next_token }
    }

    /// The same page of other elements.
    pub(crate) fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(convert).collect(), next_token: self.next_token }
    }
}

const TAG_BYTES: usize = 8;

/// Tells the tokens of one list (operation, repository, filter) from those of another.
fn list_tag(list: &str) -> [u8; TAG_BYTES] {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, list.as_bytes());
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&hash.as_ref()[..TAG_BYTES]);
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_walked_to_its_end() {
        let all: Vec<u32> = (0..25).collect();
        let (mut seen, mut request) = (Vec::new(), PageRequest::default());
        request.max_results = Some(10);
        loop {
            let from: u32 = request.position("list").unwrap().map_or(0, |last: u32| last + 1);
            let found = all[from as usize..].iter().take(11).copied().collect();
            let page = Page::cut(found, request.limit(), "list", |last| *last);
            seen.extend(page.items);
            let Some(token) = page.next_token else { break };
            request.next_token = Some(token);
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn a_token_of_another_list_or_of_none_is_refused() {
        let page = Page::cut(vec![1, 2], 1, "one list", |last| *last);
        for token in [page.next_token.unwrap(), String::new(), "x".repeat(9999), "AAAA".into()] {
            let request = PageRequest { max_results: None, next_token: Some(token) };
            let position: Result<Option<u32>, Error> = request.position("another list");
            assert!(matches!(position, Err(Error::InvalidParameter { member: "nextToken", .. })));
        }
    }
}
