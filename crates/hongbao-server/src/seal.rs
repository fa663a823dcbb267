//! How does the platform give something away and know it again, without storing it? Encrypted by a key of the store.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hongbao_types::PersonKey;

use crate::tokens::code;

/// A text in which only this platform can read, and which nobody else can make: encrypted (AES-256-GCM), for one purpose
/// and one app, say. Whoever opens it names the same two. Without randomness there is none.
pub(crate) fn seal(key: &PersonKey, purpose: &str, bound_to: &str, content: &[u8]) -> Result<String, getrandom::Error> {
    let mut nonce = [0; NONCE_LEN];
    getrandom::fill(&mut nonce)?;
    let mut sealed = content.to_vec();
    sealing_key(key)
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), sealed_for(purpose, bound_to), &mut sealed)
        .expect("what is sealed is far from too long");
    Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
}

/// What is in a sealed text, if it was made for this.
pub(crate) fn unseal(key: &PersonKey, purpose: &str, bound_to: &str, text: &str) -> Option<Vec<u8>> {
    let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (nonce, sealed) = sealed.split_first_chunk()?;
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let mut opened = sealed.to_vec();
    let content = sealing_key(key).open_in_place(nonce, sealed_for(purpose, bound_to), &mut opened).ok()?;
    Some(content.to_vec())
}

fn sealing_key(key: &PersonKey) -> LessSafeKey {
    let key = code(key, "hongbao/seal/1", &[]);
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).expect("it has 256 bits"))
}

/// Neither a purpose nor what something is bound to has a byte that is zero, so that no two pairs read the same.
fn sealed_for(purpose: &str, bound_to: &str) -> Aad<Vec<u8>> {
    Aad::from([purpose.as_bytes(), &[0], bound_to.as_bytes()].concat())
}

/// A code over what this is bound to that shows nothing of it.
pub(crate) fn fingerprint(key: &PersonKey, purpose: &str, of: &str) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&code(key, purpose, of.as_bytes())[..16]);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_opens_only_for_what_it_was_made_for_and_only_whole() {
        let key = PersonKey::new([7; 32]);
        let text = seal(&key, "test/1", "wx1", b"content").unwrap();
        assert_eq!(unseal(&key, "test/1", "wx1", &text).unwrap(), b"content");
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        assert!(!bytes.windows(7).any(|part| part == b"content"), "nobody else reads it");
        assert_ne!(text, seal(&key, "test/1", "wx1", b"content").unwrap());
        for (key, purpose, bound_to) in
            [(&PersonKey::new([8; 32]), "test/1", "wx1"), (&key, "test/2", "wx1"), (&key, "test/1", "wx2")]
        {
            assert!(unseal(key, purpose, bound_to, &text).is_none());
        }
        let sealed = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(unseal(&key, "test/1", "wx1", &URL_SAFE_NO_PAD.encode(flipped)).is_none(), "bit {bit}");
        }
        for short in ["", "AAAA", "not base64!", &text[1..]] {
            assert!(unseal(&key, "test/1", "wx1", short).is_none());
        }
    }
}
