//! Which calls are there, and what do they take and answer? One table per endpoint, one row per field.
//!
//! A table says everything that differs between endpoints: path, certificate, which fields there are,
//! what is wrong with them in WeChat Pay's own words, which of them count in the signature, what a reply
//! consists of, and in which order. Parsing, checks, replies, `hongbao endpoints` and the reference page
//! all come from it. A new endpoint begins with a new table; CONTRIBUTING.md lists the rest.
//!
//! The words are literal: those that were seen on the wire as they were seen, the documented ones
//! with the final `.` that the wire usually adds. `Chosen:` marks what neither page nor wire tells.

mod field;
mod gethbinfo;
mod hbpreorder;
mod reply_field;
mod sendgroupredpack;
mod sendminiprogramhb;
mod sendredpack;
mod shared;
mod transfers;
mod workwx;

use hongbao_types::Mode;

use crate::Params;
use crate::words::Words;

pub use field::{Field, FieldKind, FieldRefusal, Need, Signed};
pub use gethbinfo::GETHBINFO;
pub use hbpreorder::HBPREORDER;
pub use reply_field::{Origin, Presence, ReplyField};
pub use sendgroupredpack::SENDGROUPREDPACK;
pub use sendminiprogramhb::SENDMINIPROGRAMHB;
pub use sendredpack::SENDREDPACK;
pub use transfers::{GETTRANSFERINFO, TRANSFERS};
pub use workwx::{QUERYWORKWXREDPACK, SENDWORKWXREDPACK};

/// One call of the merchants' protocol.
#[derive(Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The last part of the path, which the official pages use as a name.
    pub name: &'static str,
    /// What it does.
    pub title: Words,
    /// What one should know before using it, if anything.
    pub note: Option<Words>,
    /// Whether WeChat Pay's own host no longer serves it.
    pub retired: bool,
    /// The official page, by its number or address.
    pub page: &'static str,
    /// The path, from the host on.
    pub path: &'static str,
    /// Which bill numbers it shares, and how its error codes are to be read.
    pub family: Family,
    /// Whether the call must come with a client certificate.
    pub needs_certificate: bool,
    /// Which replies are signed in compatible mode.
    pub signed_replies: SignedReplies,
    /// The field that names the merchant.
    pub merchant_field: &'static str,
    /// The field that names the app.
    pub app_field: &'static str,
    /// The field with the bill number.
    pub bill_field: &'static str,
    /// The most characters of a bill number.
    pub bill_no_max: usize,
    /// The fields it knows, in the order in which they are checked.
    pub fields: &'static [Field],
    /// What a reply consists of, in its order.
    pub reply: &'static [ReplyField],
    /// What it says when all went well, in `return_msg` (and in `err_code_des`).
    pub success_text: &'static str,
    /// The `err_code` of success, where it is not that of the generation.
    pub success_code: Option<&'static str>,
    /// What every error but `PARAM_ERROR` says in `return_msg`, where it is not the error's own text.
    pub failure_msg: Option<&'static str>,
    /// Whether replies write numbers in CDATA, too.
    pub numbers_in_cdata: bool,
}

/// What a bill number is unique within (together with the merchant), and what codes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Red packets of every kind (红包).
    Packets,
    /// Transfers to a person's balance (企业付款).
    Transfers,
}

/// Which replies are signed in compatible mode; in strict mode none is, as on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignedReplies {
    /// None: no client wants it.
    None,
    /// Successes: documented, though errors were seen without.
    Successes,
    /// All that answer a request with a right signature: some clients insist.
    All,
}

impl Endpoint {
    /// All of them.
    pub const ALL: &'static [&'static Endpoint] = &[
        &SENDREDPACK,
        &SENDGROUPREDPACK,
        &SENDMINIPROGRAMHB,
        &GETHBINFO,
        &HBPREORDER,
        &SENDWORKWXREDPACK,
        &QUERYWORKWXREDPACK,
        &TRANSFERS,
        &GETTRANSFERINFO,
    ];

    /// The endpoint at a path, such as `/mmpaymkttransfers/sendredpack`.
    pub fn by_path(path: &str) -> Option<&'static Endpoint> {
        Endpoint::ALL.iter().copied().find(|endpoint| endpoint.path == path)
    }

    /// The endpoint of a name, such as `sendredpack`.
    pub fn by_name(name: &str) -> Option<&'static Endpoint> {
        Endpoint::ALL.iter().copied().find(|endpoint| endpoint.name == name)
    }

    /// The row of a field, if the endpoint knows it.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether a field counts in the signature when only known fields do.
    pub fn counts(&self, name: &str) -> bool {
        self.field(name).is_some_and(|field| field.signed != Signed::No)
    }

    /// The fields of the request that a success repeats.
    pub fn echoes(&self) -> impl Iterator<Item = &'static str> {
        let is_echo = |row: &&ReplyField| row.origin == Origin::Echo && row.on_success == Presence::Always;
        self.reply.iter().filter(is_echo).map(|row| row.name)
    }

    /// Checks every field in the table's order and reports the first that is wrong. Unknown fields
    /// pass; so does any `sign`, which is [`verify`](crate::sign::verify)'s to judge.
    pub fn check(&self, params: &Params, mode: Mode) -> Result<(), FieldRefusal> {
        self.fields.iter().try_for_each(|field| field.check(self, params, mode))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_found_by_name_and_path() {
        for endpoint in Endpoint::ALL {
            assert_eq!(Endpoint::by_name(endpoint.name), Some(*endpoint));
            assert_eq!(Endpoint::by_path(endpoint.path), Some(*endpoint));
            assert!(endpoint.path.ends_with(&format!("/{}", endpoint.name)));
        }
        assert_eq!(Endpoint::by_path("/mmpaymkttransfers/sendredpack/"), None);
    }

    #[test]
    fn no_field_stands_in_a_table_twice() {
        for endpoint in Endpoint::ALL {
            let unique = |mut names: Vec<&str>| {
                let count = names.len();
                names.sort_unstable();
                names.dedup();
                assert_eq!(names.len(), count, "{}", endpoint.name);
            };
            unique(endpoint.fields.iter().map(|field| field.name).collect());
            unique(endpoint.reply.iter().map(|field| field.name).collect());
        }
    }

    #[test]
    fn what_a_table_names_stands_in_it() {
        for endpoint in Endpoint::ALL {
            let known = |name: &str| assert!(endpoint.field(name).is_some(), "{}: {name}", endpoint.name);
            [endpoint.merchant_field, endpoint.app_field, endpoint.bill_field].into_iter().for_each(known);
            for row in endpoint.reply.iter().filter(|row| row.origin == Origin::Echo) {
                known(row.name);
            }
            for field in endpoint.fields {
                match field.need {
                    Need::When(other, _) | Need::Either(other) => known(other),
                    Need::Required | Need::Optional | Need::ByAmount | Need::JudgedLater => {}
                }
                assert!(!field.source.is_empty() && !field.meaning.zh.is_empty(), "{}: {}", endpoint.name, field.name);
                let is_judged_elsewhere = field.kind == FieldKind::Signature || field.need == Need::JudgedLater;
                assert!(is_judged_elsewhere || !field.refusal.is_empty(), "{}: {}", endpoint.name, field.name);
            }
        }
    }

    #[test]
    fn the_examples_of_a_table_are_a_request_that_it_takes() {
        for endpoint in Endpoint::ALL {
            let examples = endpoint
                .fields
                .iter()
                .filter(|field| !matches!(field.need, Need::Optional | Need::JudgedLater) && !field.example.is_empty())
                // Of two that exclude each other, the first.
                .filter(|field| !matches!(field.need, Need::Either(other) if other < field.name))
                .map(|field| (field.name, field.example));
            let params = Params::from_pairs(examples).unwrap();
            assert_eq!(endpoint.check(&params, Mode::Strict), Ok(()), "{}", endpoint.name);
            let is_alone = |field: &&Field| !matches!(field.need, Need::Either(_)) && !field.example.is_empty();
            for field in endpoint.fields.iter().filter(is_alone) {
                let mut params = params.clone();
                params.set(field.name, field.example).unwrap();
                let refused = endpoint.check(&params, Mode::Strict).err().map(|refusal| refusal.field);
                assert_ne!(refused, Some(field.name), "{}", endpoint.name);
            }
        }
    }
}
