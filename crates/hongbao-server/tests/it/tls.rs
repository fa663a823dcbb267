//! The door with TLS: certificates are judged for each request, and refused in XML.

use hongbao_engine::directory::Validity;
use hongbao_identity::Identity;
use hongbao_server::{Doors, TlsOptions};
use hongbao_store::StoreKind;

use crate::rig::{Authority, NOON, Rig, codes, element, merchant_with};

#[tokio::test]
async fn a_certificate_counts_when_it_is_trusted_registered_and_in_its_time() {
    let rig = Rig::start().await;
    let authority = &rig.authority;
    let (good, other) = (authority.client((2014, 2015)), authority.client((2014, 2015)));
    let (expired, early) = (authority.client((2010, 2014)), authority.client((2015, 2016)));
    let withdrawn = authority.client((2014, 2015));
    let foreign = Authority::new().client((2014, 2015));
    let server_only = authority.server();
    let always = Validity::ALWAYS;
    let over = Validity { until: Some(NOON), ..always };
    let registered = [
        (&good, always),
        (&expired, always),
        (&early, always),
        (&withdrawn, over),
        (&foreign, always),
        (&server_only, always),
    ];
    rig.put_merchant(merchant_with(&registered)).await;

    let generic = "CA证书出错,请登录微信支付商户平台下载证书";
    let refused = [
        ("none", None, generic),
        ("not registered", Some(&other), generic),
        ("expired", Some(&expired), "证书已过期"),
        ("not valid yet", Some(&early), generic),
        ("withdrawn", Some(&withdrawn), generic),
        ("issued by somebody else", Some(&foreign), generic),
        ("not for clients", Some(&server_only), generic),
    ];
    for (name, identity, text) in refused {
        let reply = rig.send_over_tls(identity).await;
        assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "CA_ERROR"], "{name}");
        assert_eq!((element(&reply, "return_msg"), element(&reply, "err_code_des")), (text, text), "{name}");
        assert_eq!(element(&reply, "mch_billno"), crate::rig::BILL_NO, "{name}");
    }
    rig.assert_books(0).await;
    assert_eq!(codes(&rig.send_over_tls(Some(&good)).await), ["SUCCESS"; 3]);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn the_certificate_is_judged_before_the_signature_and_after_the_fields() {
    let rig = Rig::start().await;
    let identity = rig.authority.client((2014, 2015));
    rig.put_merchant(merchant_with(&[(&identity, Validity::ALWAYS)])).await;
    let url = format!("https://{}/mmpaymkttransfers/sendredpack", rig.addresses.tls.unwrap());
    let root = reqwest::Certificate::from_pem(rig.authority.pem.as_bytes()).unwrap();
    let http = reqwest::Client::builder().tls_certs_only([root]).build().unwrap();
    let wrong_key = "0123456789abcdef0123456789abcdef";
    let post = async |fields: &[(String, String)]| {
        let body = crate::rig::signed(wrong_key, fields);
        http.post(&url).body(body).send().await.unwrap().text().await.unwrap()
    };
    let sample = crate::rig::sample();
    assert_eq!(element(&post(&sample).await, "err_code"), "CA_ERROR");
    let wrong_field = crate::rig::with(&sample, &[("total_num", "2")]);
    assert_eq!(element(&post(&wrong_field).await, "err_code"), "PARAM_ERROR");
}

/// A door opens with whatever form its key came in, and with no other's.
#[test]
fn a_servers_key_may_come_as_pem_or_p12() {
    let sample = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../hongbao-identity/tests/it/samples");
        std::fs::read(format!("{folder}/{name}")).unwrap()
    };
    let text = |name| String::from_utf8(sample(name)).unwrap();
    let opens = |identity: Result<Identity, _>| {
        let tls = TlsOptions { identity: identity.unwrap(), client_authorities_pem: String::new() };
        let doors = Doors { tls: Some((([127, 0, 0, 1], 0).into(), tls)), ..Doors::default() };
        doors.check(StoreKind::Live).is_ok()
    };
    for key in ["key_pkcs8.pem", "key_pkcs1.pem"] {
        assert!(opens(Identity::from_pem(&text("cert.pem"), &text(key))), "{key}");
    }
    for file in ["rc2.p12", "3des.p12", "aes.p12"] {
        assert!(opens(Identity::from_p12(&sample(file), "10000098")), "{file}");
    }
    assert!(!opens(Identity::from_pem(&text("cert.pem"), &text("key_sec1.pem"))));
}
