//! Rows of SQLite: the format of records (2.1), and numbers of variable length (1.6).

/// A value of a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// NULL, or a number with a fraction.
    Other,
    /// A whole number.
    Integer(i64),
    /// Bytes.
    Blob(&'a [u8]),
    /// Text, in the encoding of the file.
    Text(&'a [u8]),
}

/// A number of one to nine bytes, and what follows it.
pub(super) fn varint(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let mut number = 0_u64;
    for (index, byte) in bytes.iter().enumerate().take(9) {
        let last = index == 8;
        number = match last {
            true => (number << 8) | u64::from(*byte),
            false => (number << 7) | u64::from(byte & 0x7f),
        };
        if last || byte & 0x80 == 0 {
            return Some((number.cast_signed(), bytes.get(index.checked_add(1)?..)?));
        }
    }
    None
}

/// The value of a column, the first of which is 0; none if the row has none, or is damaged.
pub(super) fn column(row: &[u8], wanted: usize) -> Option<Value<'_>> {
    let (header_bytes, _) = varint(row)?;
    let (header, mut values) = row.split_at_checked(usize::try_from(header_bytes).ok()?)?;
    let (_, mut kinds) = varint(header)?;
    for index in 0..=wanted {
        let (kind, rest) = varint(kinds)?;
        let (value, others) = values.split_at_checked(value_bytes(kind)?)?;
        if index == wanted {
            return Some(read(kind, value));
        }
        (kinds, values) = (rest, others);
    }
    None
}

/// How long a value of a kind is.
fn value_bytes(kind: i64) -> Option<usize> {
    match kind {
        0 | 8 | 9 => Some(0),
        1..=4 => usize::try_from(kind).ok(),
        5 => Some(6),
        6 | 7 => Some(8),
        12.. => usize::try_from((kind - 12) / 2).ok(),
        _ => None,
    }
}

fn read(kind: i64, value: &[u8]) -> Value<'_> {
    match kind {
        1..=6 => Value::Integer(integer(value)),
        8 | 9 => Value::Integer(kind - 8),
        12.. if kind % 2 == 0 => Value::Blob(value),
        12.. => Value::Text(value),
        _ => Value::Other,
    }
}

/// A number of up to eight bytes, the highest first, with its sign.
fn integer(value: &[u8]) -> i64 {
    let start = match value.first() {
        Some(byte) if byte & 0x80 != 0 => -1,
        _ => 0,
    };
    value.iter().fold(start, |number: i64, byte| (number << 8) | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_variable_length() {
        assert_eq!(varint(&[0x7f, 1]), Some((127, &[1][..])));
        assert_eq!(varint(&[0x81, 0x00]), Some((128, &[][..])));
        assert_eq!(varint(&[0xff; 9]), Some((-1, &[][..])));
        assert_eq!(varint(&[0xff; 8]), None);
        assert_eq!(varint(&[]), None);
    }

    #[test]
    fn values_of_a_row() {
        // NULL, -2 in one byte, the constant 1, two bytes, text of three.
        let row = [6, 0, 1, 9, 16, 19, 0xfe, 1, 2, b'a', b'b', b'c'];
        assert_eq!(column(&row, 0), Some(Value::Other));
        assert_eq!(column(&row, 1), Some(Value::Integer(-2)));
        assert_eq!(column(&row, 2), Some(Value::Integer(1)));
        assert_eq!(column(&row, 3), Some(Value::Blob(&[1, 2])));
        assert_eq!(column(&row, 4), Some(Value::Text(b"abc")));
        assert_eq!(column(&row, 5), None);
        assert_eq!(column(&[2, 14], 0), None);
        assert_eq!(column(&[2, 10], 0), None);
    }
}
