//! Documents as bytes, as they are kept and passed on.

use crate::encoding::{Cursor, Malformed, put_bytes, put_number, put_optional_time, put_text};
use crate::statements::{self, Cost, Layout};
use crate::vulnerability;
use crate::{Affected, Document, Epss, KnownExploited, Record, Vulnerability};

use wharfinger_core::Timestamp;
use wharfinger_package::Ecosystem;

/// The body of a document: all of it but its source and id.
pub(crate) fn encode(document: &Document) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    put_optional_time(&mut out, document.modified_at);
    put_number(&mut out, document.records.len() as u64);
    for record in &document.records {
        encode_record(&mut out, record);
    }
    out
}

/// When a document was changed, of its body.
pub(crate) fn modified_at(body: &[u8]) -> Result<Option<Timestamp>, Malformed> {
    Cursor::new(body).optional_time()
}

/// How many records a document has, of its body.
pub(crate) fn record_count(body: &[u8]) -> Result<u64, Malformed> {
    let mut cursor = Cursor::new(body);
    cursor.optional_time()?;
    cursor.number()
}

/// The document of a body.
pub(crate) fn decode(source: &str, id: &str, body: &[u8]) -> Result<Document, Malformed> {
    let mut cursor = Cursor::new(body);
    let modified_at = cursor.optional_time()?;
    let count = cursor.length()?;
    let mut cost = Cost::default();
    let records = (0..count).map(|_| decode_record(&mut cursor, source, &mut cost));
    let records = records.collect::<Result<_, _>>()?;
    if !cursor.is_empty() {
        return Err(Malformed("a document is longer than it says"));
    }
    Ok(Document { source: source.to_owned(), id: id.to_owned(), modified_at, records })
}

fn encode_record(out: &mut Vec<u8>, record: &Record) {
    match record {
        Record::Affected { ecosystem, name, affected } => {
            out.push(0);
            put_text(out, &ecosystem.to_string());
            put_text(out, name);
            // The source is that of the document.
            put_bytes(
                out,
                &statements::encode([&Affected { source: String::new(), ..affected.clone() }]),
            );
        }
        Record::Vulnerability(told) => {
            out.push(1);
            put_bytes(
                out,
                &vulnerability::encode(&Vulnerability { source: String::new(), ..told.clone() }),
            );
        }
        Record::Epss(epss) => {
            out.push(2);
            put_text(out, &epss.vulnerability);
            out.extend_from_slice(&epss.score.to_le_bytes());
            out.extend_from_slice(&epss.percentile.to_le_bytes());
        }
        Record::KnownExploited(known) => {
            out.push(3);
            put_text(out, &known.vulnerability);
            out.extend_from_slice(&known.added_at.millis().to_le_bytes());
        }
        Record::Covers(ecosystem) => {
            out.push(4);
            put_text(out, &ecosystem.to_string());
        }
    }
}

fn decode_record(
    cursor: &mut Cursor<'_>,
    source: &str,
    cost: &mut Cost,
) -> Result<Record, Malformed> {
    Ok(match cursor.byte()? {
        0 => {
            let ecosystem = ecosystem(cursor)?;
            let name = cursor.text()?.to_owned();
            let statement = statements::parse(cursor.bytes()?, Layout::Plain)?.next();
            let statement = statement.ok_or(Malformed("a record says nothing"))??;
            let copied = cost.add_statement(&statement).and_then(|()| statement.to_affected());
            let affected = copied.map_err(|_| Malformed("a statement is damaged, or huge"))?;
            let affected = Affected { source: source.to_owned(), ..affected };
            Record::Affected { ecosystem, name, affected }
        }
        1 => Record::Vulnerability(Vulnerability {
            source: source.to_owned(),
            ..vulnerability::decode(cursor.bytes()?)?
        }),
        2 => Record::Epss(Epss {
            vulnerability: cursor.text()?.to_owned(),
            score: cursor.float()?,
            percentile: cursor.float()?,
        }),
        3 => Record::KnownExploited(KnownExploited {
            vulnerability: cursor.text()?.to_owned(),
            added_at: cursor.time()?,
        }),
        4 => Record::Covers(ecosystem(cursor)?),
        _ => return Err(Malformed("a record is of an unknown kind")),
    })
}

fn ecosystem(cursor: &mut Cursor<'_>) -> Result<Ecosystem, Malformed> {
    cursor.text()?.parse().map_err(|_| Malformed("an ecosystem is unknown"))
}
