use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

use super::{Request, Response};

/// How long one exchange may take, from the first byte written to the last one read.
const LIMIT: Duration = Duration::from_secs(10);

/// A connection that takes one request after the other, kept alive between them.
pub struct Connection {
    address: SocketAddr,
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let (reader, writer) = TcpStream::connect(address).await?.into_split();
        Ok(Self { address, reader: BufReader::new(reader), writer })
    }

    /// Fails if the server has closed the connection, or does not answer in time.
    pub async fn send(&mut self, request: &Request) -> io::Result<Response> {
        self.exchange(request, true).await
    }

    /// Writes some bytes, for a test that has its own idea of when a request is complete.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        timeout(LIMIT, self.writer.write_all(bytes)).await?
    }

    /// Reads the next answer, whatever it answers. Interim ones (1xx) are answers too.
    pub async fn read(&mut self) -> io::Result<Response> {
        timeout(LIMIT, read_response(&mut self.reader, false, true)).await?
    }

    /// Everything that comes until the server closes the connection, as it is on the wire.
    pub async fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        timeout(LIMIT, self.reader.read_to_end(&mut bytes)).await??;
        Ok(bytes)
    }

    /// Whether something has come that was not read yet. Does not wait for it.
    pub async fn has_answer(&mut self) -> bool {
        timeout(Duration::ZERO, self.reader.fill_buf()).await.is_ok()
    }

    /// Whether the server has closed the connection, with nothing more to say.
    pub async fn is_closed(&mut self) -> bool {
        timeout(LIMIT, self.reader.fill_buf()).await.is_ok_and(|end| end.is_ok_and(<[u8]>::is_empty))
    }

    /// One request and its answer; without `keep_alive` the server is asked to close after it.
    pub(super) async fn exchange(&mut self, request: &Request, keep_alive: bool) -> io::Result<Response> {
        let bytes = request.encode(self.address, keep_alive);
        let read = read_response(&mut self.reader, request.method == "HEAD", keep_alive);
        // A server may refuse a body before it has read it, and then close: the answer counts, not the failed write.
        let write = async {
            drop(self.writer.write_all(&bytes).await);
            std::future::pending().await
        };
        let exchange = async {
            tokio::select! {
                response = read => response,
                response = write => response,
            }
        };
        timeout(LIMIT, exchange).await?
    }
}

async fn read_response(
    reader: &mut BufReader<OwnedReadHalf>,
    to_head: bool,
    keep_alive: bool,
) -> io::Result<Response> {
    let first = read_line(reader).await?;
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(|| broken(&first))?;
    let mut response = Response { status, headers: Vec::new(), body: Vec::new() };
    loop {
        let line = read_line(reader).await?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| broken(&line))?;
        response.headers.push((name.to_owned(), value.trim().to_owned()));
    }
    if to_head || matches!(status, 100..200 | 204 | 304) {
        // Nothing may follow; on a connection that ends here, what follows all the same is kept for the test to see.
        if !keep_alive {
            reader.read_to_end(&mut response.body).await?;
        }
    } else if response.header("Transfer-Encoding").is_some() {
        loop {
            let size = read_line(reader).await?;
            let size = usize::from_str_radix(&size, 16).map_err(|_| broken(&size))?;
            read_body(reader, size, &mut response.body).await?;
            read_line(reader).await?;
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = response.header("Content-Length") {
        let length = length.parse().map_err(|_| broken(length))?;
        read_body(reader, length, &mut response.body).await?;
    } else {
        reader.read_to_end(&mut response.body).await?;
    }
    Ok(response)
}

async fn read_body(
    reader: &mut BufReader<OwnedReadHalf>,
    length: usize,
    body: &mut Vec<u8>,
) -> io::Result<()> {
    let start = body.len();
    body.resize(start + length, 0);
    reader.read_exact(&mut body[start..]).await.map(drop)
}

async fn read_line(reader: &mut BufReader<OwnedReadHalf>) -> io::Result<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).await?;
    let line = String::from_utf8_lossy(&line);
    line.strip_suffix("\r\n").map(str::to_owned).ok_or_else(|| broken(&line))
}

fn broken(line: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the connection ended or broke HTTP at {line:?}"))
}
