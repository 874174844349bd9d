//! What a test does over streams of its own: echo, perf (libp2p/specs perf) and ping.
use crate::{served::Served, text, Answer, Failure};
use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::{PeerId, Stream, StreamProtocol};
use libp2p_stream::Control;
use serde_json::{json, Value};
use std::sync::OnceLock;
use std::time::Instant;

const ECHO: StreamProtocol = StreamProtocol::new("/test/echo/1.0.0");
const PERF: StreamProtocol = StreamProtocol::new("/perf/1.0.0");
const PING: StreamProtocol = StreamProtocol::new("/ipfs/ping/1.0.0");
const BLOCK_BYTES: usize = 64 * 1024;

/// The protocols that the node answers.
pub fn served() -> (Served, Served) {
    (Served { protocol: ECHO, serve: |stream| Box::pin(echo_back(stream)) },
     Served { protocol: PERF, serve: |stream| Box::pin(serve_perf(stream)) })
}

async fn echo_back(stream: Stream) -> Result<(), Failure> {
    let (reader, mut writer) = stream.split();
    futures::io::copy(reader, &mut writer).await?;
    writer.close().await?;
    Ok(())
}

async fn serve_perf(mut stream: Stream) -> Result<(), Failure> {
    let mut wanted = [0; 8];
    stream.read_exact(&mut wanted).await?;
    drain(&mut stream).await?;
    send_zeros(&mut stream, u64::from_be_bytes(wanted)).await?;
    stream.close().await?;
    Ok(())
}

async fn drain(stream: &mut Stream) -> Result<u64, Failure> {
    let mut block = vec![0; BLOCK_BYTES];
    let mut count = 0;
    loop {
        match stream.read(&mut block).await? {
            0 => return Ok(count),
            size => count += size as u64,
        }
    }
}

async fn send_zeros(stream: &mut Stream, mut count: u64) -> Result<(), Failure> {
    let block = vec![0; BLOCK_BYTES];
    while count > 0 {
        let size = count.min(BLOCK_BYTES as u64);
        stream.write_all(&block[..size as usize]).await?;
        count -= size;
    }
    Ok(())
}

/// Microseconds since the process looked at the time first.
pub fn now_us() -> u64 {
    static BEGIN: OnceLock<Instant> = OnceLock::new();
    BEGIN.get_or_init(Instant::now).elapsed().as_micros() as u64
}

/// Carries out one of ping, echo and perf with a connected peer.
pub async fn perform(mut control: Control, peer: PeerId, command: &Value) -> Answer {
    match text(command, "do") {
        "ping" => ping(control.open_stream(peer, PING).await?).await,
        "echo" => echo(control.open_stream(peer, ECHO).await?, command).await,
        _ => perf(control, peer, command).await,
    }
}

async fn ping(mut stream: Stream) -> Answer {
    let (sent, mut got) = ([7; 32], [0; 32]);
    let begin = Instant::now();
    stream.write_all(&sent).await?;
    stream.flush().await?;
    stream.read_exact(&mut got).await?;
    let took = begin.elapsed();
    stream.close().await?;
    if sent != got {
        return Err("another answer than was sent".into());
    }
    Ok(json!({"round_trip_us": took.as_micros() as u64}))
}

async fn echo(stream: Stream, command: &Value) -> Answer {
    let count = command["bytes"].as_u64().unwrap_or(0) as usize;
    let data: Vec<u8> = (0..count).map(|i| (i * 31 + 7) as u8).collect();
    let (mut reader, mut writer) = stream.split();
    let mut got = vec![0; count.min(1)];
    let write = async {
        writer.write_all(&data).await?;
        writer.close().await
    };
    let read = async {
        reader.read_exact(&mut got).await?;
        let first_us = now_us() - command["begun_us"].as_u64().unwrap_or(0);
        reader.read_to_end(&mut got).await?;
        Ok::<u64, std::io::Error>(first_us)
    };
    let (written, read) = futures::join!(write, read);
    written?;
    let first_us = read?;
    match got.iter().zip(&data).position(|(a, b)| a != b) {
        Some(at) => Err(format!("byte {at} is wrong").into()),
        None => Ok(json!({"bytes": got.len(), "first_us": first_us})),
    }
}

async fn perf(control: Control, peer: PeerId, command: &Value) -> Answer {
    let (upload, download) = (command["upload"].as_u64().unwrap_or(0), command["download"].as_u64().unwrap_or(0));
    let begin = Instant::now();
    let one = |mut control: Control| async move {
        let mut stream = control.open_stream(peer, PERF).await?;
        stream.write_all(&download.to_be_bytes()).await?;
        send_zeros(&mut stream, upload).await?;
        stream.close().await?;
        drain(&mut stream).await
    };
    let count = command["streams"].as_u64().unwrap_or(1).max(1);
    let all = (0..count).map(|_| one(control.clone()));
    let received: u64 = futures::future::try_join_all(all).await?.iter().sum();
    Ok(json!({"received": received, "seconds": begin.elapsed().as_secs_f64()}))
}
