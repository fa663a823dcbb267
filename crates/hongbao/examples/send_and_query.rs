//! Sends a packet through a sandbox that `hongbao dev` runs in this folder, and asks what became of it.
use hongbao::{ApiKey, Client, Fen, MerchantId, SendRedPack};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = |name: &str| std::fs::read_to_string(format!("hongbao-dev/{name}"));
    let client = Client::builder(MerchantId::try_new("10000098")?, ApiKey::try_new(&file("api_key.txt")?)?)
        .base_url("https://localhost:8443")
        .identity_pem(&file("apiclient_cert.pem")?, &file("apiclient_key.pem")?)
        .root_ca_pem(&file("rootca.pem")?)
        .build()?;
    let packet = SendRedPack {
        bill_no: "10000098201411111234567890".parse()?,
        app: "wx8888888888888888".parse()?,
        recipient: "oxTWIuGaIt6gTKsQRLau2M0yL16E".parse()?,
        total: Fen::new(1000),
        sender_name: "天虹百货".to_owned(),
        greeting: "感谢您参加猜灯谜活动，祝您元宵节快乐！".to_owned(),
        activity: "猜灯谜抢红包活动".to_owned(),
        remark: "猜越多得越多，快来抢！".to_owned(),
        client_ip: "192.168.0.1".to_owned(),
        scene: None,
        risk_info: None,
        on_behalf_of: None,
    };
    eprintln!("sent as {}", client.sendredpack(&packet).await?.packet);
    eprintln!("it is {}", client.gethbinfo(&packet.bill_no, &packet.app).await?.status.as_str());
    Ok(())
}
