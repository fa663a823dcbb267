//! How much is in each share of a packet? Everything follows from the packet's secret seed, so that the shares are
//! fixed when it is sent, and anybody can compute them again once the seed is revealed.
//!
//! The algorithm is frozen: `docs/draw.md` describes it and has vectors. What changes gets a new number instead.

use hmac::{Hmac, KeyInit, Mac};
use hongbao_types::{DrawKey, Fen, PacketId};
use sha2::{Digest, Sha256};

/// How the money of a packet of several shares is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DrawRule {
    /// Each share when it is opened, between nothing and twice the average of what is left (拼手气): WeChat's rule, by
    /// what is publicly known of it. The last ones vary 1.8 times as much as the first.
    #[default]
    Live,
    /// The same shares in another order, which treats every place alike.
    Shuffled,
}

impl DrawRule {
    /// All of them.
    pub const ALL: [DrawRule; 2] = [DrawRule::Live, DrawRule::Shuffled];

    /// Its name, as stores, operators and people write it.
    pub const fn name(self) -> &'static str {
        match self {
            DrawRule::Live => "live",
            DrawRule::Shuffled => "shuffled",
        }
    }

    /// The rule of that name.
    pub fn from_name(name: &str) -> Option<DrawRule> {
        DrawRule::ALL.into_iter().find(|rule| rule.name() == name)
    }
}

/// The keys that seeds follow from, by number: the last one is for new packets, and none is ever dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DrawKeys(Vec<(u32, DrawKey)>);

impl DrawKeys {
    /// These keys, in ascending order of their numbers.
    pub fn new(keys: Vec<(u32, DrawKey)>) -> DrawKeys {
        DrawKeys(keys)
    }

    /// All of them, in ascending order of their numbers.
    pub fn all(&self) -> &[(u32, DrawKey)] {
        &self.0
    }

    /// The number of the key for new packets.
    pub fn current(&self) -> Option<u32> {
        self.0.last().map(|(number, _)| *number)
    }

    /// The seed of a packet that was sent under the key of this number.
    pub fn seed(&self, number: u32, packet: &PacketId) -> Option<DrawSeed> {
        let (_, key) = self.0.iter().find(|(known, _)| *known == number)?;
        Some(DrawSeed(code(key.expose(), "hongbao/draw/1", packet.as_str().as_bytes())))
    }
}

/// What all shares of one packet follow from: secret until the packet is finished, then published.
#[derive(Clone, PartialEq, Eq)]
pub struct DrawSeed([u8; 32]);

impl std::fmt::Debug for DrawSeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DrawSeed(***)")
    }
}

impl DrawSeed {
    /// A seed that was revealed.
    pub const fn new(bytes: [u8; 32]) -> DrawSeed {
        DrawSeed(bytes)
    }

    /// The seed itself. Call it only to reveal the seed of a finished packet.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// What is published with the packet: SHA-256 of the seed.
    pub fn commitment(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// The share at `index` in the order of opening, when `rest` fen are left for `rest_count` shares, itself among
    /// them, by the rule [`Live`](DrawRule::Live). `None` when there is not a fen for each.
    pub fn live_share(&self, index: u32, rest: Fen, rest_count: u32) -> Option<Fen> {
        let (rest, count) = (u64::try_from(rest.as_i64()).ok()?, u64::from(rest_count));
        let spare = rest.checked_sub(count)?;
        if count <= 1 {
            return (count == 1).then(|| fen(rest))?;
        }
        // Twice the average, but one fen for each later share.
        let most = rest.checked_mul(2)?.checked_div(count)?.min(spare.checked_add(1)?);
        fen(self.below("share", index, most)?.checked_add(1)?)
    }

    /// All shares, in the order of opening. `None` when there is not a fen for each.
    pub fn shares(&self, rule: DrawRule, total: Fen, count: u32) -> Option<Vec<Fen>> {
        let mut shares = Vec::new();
        let mut rest = total;
        for index in 0..count {
            let share = self.live_share(index, rest, count.checked_sub(index)?)?;
            rest = rest.checked_sub(share)?;
            shares.push(share);
        }
        if rule == DrawRule::Shuffled {
            // Fisher and Yates, from the end.
            for last in (1..shares.len()).rev() {
                let bound = u64::try_from(last).ok()?.checked_add(1)?;
                let other = self.below("shuffle", u32::try_from(last).ok()?, bound)?;
                shares.swap(last, usize::try_from(other).ok()?);
            }
        }
        Some(shares)
    }

    /// A number below `bound`, each alike: what is left of 64 bits by division, drawn again when it fell among those
    /// that would favour the small ones.
    fn below(&self, purpose: &str, index: u32, bound: u64) -> Option<u64> {
        let all = 1_u128 << 64;
        let fair = all.checked_sub(all.checked_rem(u128::from(bound))?)?;
        (0..=u32::MAX).find_map(|attempt| {
            let message = [index.to_be_bytes(), attempt.to_be_bytes()].concat();
            let digest = code(&self.0, purpose, &message);
            let (first, _) = digest.split_first_chunk::<8>()?;
            let drawn = u64::from_be_bytes(*first);
            (u128::from(drawn) < fair).then(|| drawn.checked_rem(bound))?
        })
    }
}

fn fen(amount: u64) -> Option<Fen> {
    Fen::try_new(i64::try_from(amount).ok()?).ok()
}

/// HMAC-SHA256 over what it is for, a zero byte, and the message.
fn code(key: &[u8; 32], purpose: &str, message: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.chain_update(purpose).chain_update([0]).chain_update(message).finalize().into_bytes().into()
}
