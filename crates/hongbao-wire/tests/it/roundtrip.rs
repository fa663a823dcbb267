//! What is written is read back, and what must not matter for a signature does not.

use hongbao_types::ApiKey;
use hongbao_wire::sign::{canonical_string, sign};
use hongbao_wire::{Params, SignType, decode, decode_reply, encode};
use proptest::prelude::*;

/// Names as they come, values rich in what is delicate in XML.
fn any_params() -> impl Strategy<Value = Params> {
    let delicate = prop::sample::select(vec![
        "]]>",
        "]]",
        ">",
        "<",
        "&",
        "&amp;",
        "\r\n",
        "\r",
        "\n",
        " ",
        "\t",
        "<![CDATA[",
        "🧧",
    ]);
    let piece =
        prop_oneof![delicate.prop_map(str::to_owned), "[a-z红包]{0,4}", "[\u{20}-\u{D7FF}\u{E000}-\u{FFFD}]{0,3}"];
    let value = prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat());
    prop::collection::btree_map("[A-Za-z_][A-Za-z0-9_.:-]{0,12}", value, 0..20)
        .prop_map(|map| map.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
        .prop_map(|pairs| Params::from_pairs(pairs).unwrap())
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(params in any_params()) {
        prop_assert_eq!(&decode(encode(&params).as_bytes()).unwrap(), &params);
        let reply = decode_reply(encode(&params).as_bytes()).unwrap();
        prop_assert_eq!((&reply.fields, reply.shares.len()), (&params, 0));
    }

    /// XML 1.0 §2.11: before anything else, a parser turns CR LF and CR into LF.
    #[test]
    fn what_is_encoded_survives_newline_normalization(params in any_params()) {
        let normalized = encode(&params).replace("\r\n", "\n").replace('\r', "\n");
        prop_assert_eq!(decode(normalized.as_bytes()).unwrap(), params);
    }

    #[test]
    fn a_signature_ignores_order_empty_values_and_sign(
        params in any_params(),
        seed in any::<prop::sample::Index>(),
    ) {
        let key = ApiKey::try_new("192006250b4c09247ec02edce69f6a2d").unwrap();
        let mut pairs: Vec<_> = params.iter().filter(|(_, value)| !value.is_empty()).collect();
        pairs.reverse();
        pairs.insert(seed.index(pairs.len() + 1), ("sign", "whatever"));
        for sign_type in [SignType::Md5, SignType::HmacSha256] {
            let other = sign(sign_type, pairs.iter().copied(), &key);
            prop_assert_eq!(sign(sign_type, &params, &key), other);
        }
    }

    #[test]
    fn a_canonical_string_has_every_pair_that_counts(params in any_params()) {
        let canonical = canonical_string(&params);
        for (name, value) in params.iter().filter(|(_, value)| !value.is_empty()) {
            let pair = format!("{name}={value}");
            prop_assert!(canonical.contains(&pair));
        }
    }
}

#[test]
fn a_request_is_written_one_element_per_line() {
    let params =
        Params::from_pairs([("total_amount", "100"), ("remark", "a]]>b"), ("wishing", "a\r\nb&"), ("empty", "")])
            .unwrap();
    let expected = "<xml>\n\
        <total_amount><![CDATA[100]]></total_amount>\n\
        <remark><![CDATA[a]]]]><![CDATA[>b]]></remark>\n\
        <wishing>a&#13;\nb&amp;</wishing>\n\
        <empty><![CDATA[]]></empty>\n\
        </xml>";
    assert_eq!(encode(&params), expected);
}
