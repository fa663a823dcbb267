//! Every endpoint, with each of its fields made something else: an answer in XML, and nothing that nobody asked for.

use std::sync::Arc;

use hongbao_wire::endpoint::{
    HBPREORDER, SENDGROUPREDPACK, SENDMINIPROGRAMHB, SENDREDPACK, SENDWORKWXREDPACK, TRANSFERS,
};
use hongbao_wire::{Endpoint, Family, decode_reply, encode};
use serde_json::json;

use crate::rig::{BILL_NO, OPENID, Rig, element, fields_of};

const SENDS: [&Endpoint; 6] =
    [&SENDREDPACK, &SENDGROUPREDPACK, &SENDMINIPROGRAMHB, &HBPREORDER, &SENDWORKWXREDPACK, &TRANSFERS];

async fn rig() -> Rig {
    let rig = Rig::start().await;
    rig.put_corporation().await;
    rig
}

/// All of them get the same answer: nothing in it may differ.
#[tokio::test]
async fn a_thousand_calls_at_once_with_one_number_are_one_packet_of_each_product() {
    for endpoint in SENDS {
        let rig = Arc::new(rig().await);
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..1000 {
            let rig = rig.clone();
            calls.spawn(async move { rig.call(endpoint, &[]).await });
        }
        let replies = calls.join_all().await;
        assert_eq!(element(&replies[0], "result_code"), "SUCCESS");
        assert!(replies.iter().all(|reply| *reply == replies[0]), "{}", endpoint.name);
        assert_eq!(rig.funds().await, 4000);
        rig.assert_books(1).await;
        assert_eq!(rig.wallet(OPENID).await, if endpoint.family == Family::Transfers { 1000 } else { 0 });
    }
}

#[tokio::test]
async fn a_field_that_must_be_there_and_is_not_leaves_nothing_behind() {
    let rig = rig().await;
    for endpoint in SENDS {
        for (name, _) in fields_of(endpoint, &[]) {
            // What may be left out, and what a code of its own asks for.
            if ["scene_id", "amt_type", "sender_header_media_id", "spbill_create_ip", "workwx_sign"].contains(&&*name)
                && !(*endpoint == SENDGROUPREDPACK && name == "amt_type")
            {
                continue;
            }
            let reply = rig.call(endpoint, &[(&name, "")]).await;
            assert_eq!(element(&reply, "err_code"), "PARAM_ERROR", "{}: {name}", endpoint.name);
        }
    }
    assert_eq!(rig.funds().await, 5000);
    rig.assert_books(0).await;
}

#[tokio::test]
async fn whatever_stands_in_a_field_the_answer_is_xml_and_the_books_are_clean() {
    let long = "1".repeat(10_000);
    let wide = "红".repeat(10_000);
    let values = [
        "",
        &long,
        &wide,
        "]]>",
        "<![CDATA[",
        "🧧",
        "-1",
        "9223372036854775807",
        "99999999999999999999999999",
        "\u{202e}",
    ];
    for mode in ["compatible", "strict"] {
        let rig = rig().await;
        let limits = json!({ "packets_per_second": "unlimited", "packets_per_minute": "unlimited", "recipient_packets_per_day": "unlimited",
                    "recipient_amount_per_day_fen": "unlimited" });
        rig.put_merchant(json!({ "mode": mode, "limits": limits })).await;
        rig.top_up("T2", 10_000_000).await;
        let (mut calls, mut sent) = (0_u32, 0_u64);
        for endpoint in Endpoint::ALL {
            let is_send = SENDS.contains(endpoint);
            for field in endpoint.fields {
                for value in values {
                    calls += 1;
                    let bill_no = format!("n{calls}");
                    let changes = [(endpoint.bill_field, bill_no.as_str()), (field.name, value)];
                    let body = if field.name == "sign" {
                        encode(&hongbao_wire::Params::from_pairs(fields_of(endpoint, &changes)).unwrap())
                    } else {
                        crate::rig::signed(crate::rig::KEY, &fields_of(endpoint, &changes))
                    };
                    // That it is 200, and text/xml, the rig asserts.
                    let reply = rig.post(endpoint.path, body).await;
                    let fields = decode_reply(reply.as_bytes()).unwrap().fields;
                    let table = endpoint.reply.iter().map(|row| row.name).collect::<Vec<_>>();
                    let is_unreadable = fields.get("result_code").is_none() || element_is(&reply, "XML_ERROR");
                    assert!(is_unreadable || fields.iter().all(|(name, _)| table.contains(&name)), "{reply}");
                    assert_ne!(
                        fields.get("err_code"),
                        Some("SYSTEMERROR"),
                        "{}: {}={value}",
                        endpoint.name,
                        field.name
                    );
                    if is_send && fields.get("result_code") == Some("SUCCESS") {
                        sent += 1;
                    }
                }
            }
        }
        // Every packet that is there was answered with a success, and no other is.
        rig.assert_books(sent).await;
        assert!(sent > 100, "the odd values in texts are good: {sent} of {calls}");
        assert_eq!(element(&rig.send(&[]).await, "mch_billno"), BILL_NO);
    }
}

fn element_is(reply: &str, code: &str) -> bool {
    reply.contains(&format!("<err_code><![CDATA[{code}]]></err_code>"))
}
