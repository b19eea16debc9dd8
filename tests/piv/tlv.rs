//! Tags, lengths and values as PIV has them.
//!
//! No BER crate reads these: whether a PIV tag holds others is not told by its bits (0x70 holds a certificate's bytes and looks
//! constructed, 0x53 holds objects and looks primitive), and a crate that believes them refuses the card's own objects.

/// An object with this tag.
pub fn tlv(tag: u32, value: &[u8]) -> Vec<u8> {
    let significant = |bytes: [u8; 4]| bytes.into_iter().skip_while(|byte| *byte == 0);
    let length = u32::try_from(value.len()).expect("objects are small");
    let mut object: Vec<u8> = significant(tag.to_be_bytes()).collect();
    if length < 0x80 {
        object.push(length as u8);
    } else {
        let digits: Vec<u8> = significant(length.to_be_bytes()).collect();
        object.push(0x80 | digits.len() as u8);
        object.extend(digits);
    }
    object.extend(value);
    object
}

/// The value of the first object with this tag, among objects side by side; nothing from where they can't be read.
pub fn find(mut bytes: &[u8], wanted: u32) -> Option<&[u8]> {
    while !bytes.is_empty() {
        let (tag, rest) = take_tag(bytes)?;
        let (length, rest) = take_length(rest)?;
        let (value, rest) = rest.split_at_checked(length)?;
        if tag == wanted {
            return Some(value);
        }
        bytes = rest;
    }
    None
}

fn take_tag(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if first & 0x1f != 0x1f {
        return Some((u32::from(*first), rest));
    }
    // no PIV tag is longer than two bytes
    let (second, rest) = rest.split_first()?;
    Some((u32::from(u16::from_be_bytes([*first, *second])), rest))
}

fn take_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if first & 0x80 == 0 {
        return Some((usize::from(*first), rest));
    }
    let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
    if digits.len() > 3 {
        return None;
    }
    let length = digits
        .iter()
        .fold(0, |length, digit| (length << 8) | usize::from(*digit));
    Some((length, rest))
}
