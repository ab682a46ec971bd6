//! The real API, on whichever world is there when a request comes.

use crate::stage::Stage;
use crate::world::World;
use actix_http::Request;
use actix_service::IntoServiceFactory;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{AppConfig, Service, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::web::Bytes;
use actix_web::{Error, error};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::watch;

type Answer = LocalBoxFuture<'static, Result<ServiceResponse, Error>>;
type Api = Rc<dyn Fn(Request) -> Answer>;
/// A world, and its API.
type Known = (Arc<World>, Api);

/// One worker's API.
pub struct Inner {
    stage: Arc<Stage>,
    /// The API of the world that was there last.
    known: Rc<RefCell<Option<Known>>>,
}

impl Inner {
    pub fn new(stage: Arc<Stage>) -> Self {
        Self { stage, known: Rc::default() }
    }
}

impl Service<ServiceRequest> for Inner {
    type Response = ServiceResponse;
    type Error = Error;
    type Future = Answer;

    fn poll_ready(&self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&self, request: ServiceRequest) -> Answer {
        let (world, known) = (self.stage.world(), Rc::clone(&self.known));
        async move {
            let there =
                known.borrow().as_ref().filter(|(of, _)| Arc::ptr_eq(of, &world)).map(|(_, api)| Rc::clone(api));
            let api = if let Some(api) = there {
                api
            } else {
                let api = api(&world).await?;
                *known.borrow_mut() = Some((Arc::clone(&world), Rc::clone(&api)));
                api
            };
            let (asked, payload) = request.into_parts();
            let mut inner = Request::with_payload(payload);
            *inner.head_mut() = asked.head().clone();
            let (_, response) = api(inner).await?.into_parts();
            let ending = world.ending();
            Ok(ServiceResponse::new(asked, response.map_body(|_, body| until_the_end(body, ending))))
        }
        .boxed_local()
    }
}

async fn api(world: &World) -> Result<Api, Error> {
    let factory = IntoServiceFactory::<_, Request>::into_factory(frontrow_web::app(world.state.clone()));
    let service = factory.new_service(AppConfig::default()).await;
    let service = Rc::new(service.map_err(|()| error::ErrorInternalServerError("the API can't be made"))?);
    Ok(Rc::new(move |request| {
        let answer = service.call(request);
        async move { Ok(answer.await?.map_into_boxed_body()) }.boxed_local()
    }))
}

/// A stream ends with the world that it tells of; whatever is whole already is sent.
fn until_the_end(body: BoxBody, mut ending: watch::Receiver<bool>) -> BoxBody {
    if !matches!(body.size(), BodySize::Stream) {
        return body;
    }
    let ended = async move {
        // Without a sender it has ended, too.
        let _ = ending.wait_for(|ended| *ended).await;
    };
    BoxBody::new(UntilTheEnd { body, ended: Box::pin(ended) })
}

struct UntilTheEnd {
    body: BoxBody,
    ended: Pin<Box<dyn Future<Output = ()>>>,
}

impl MessageBody for UntilTheEnd {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if this.ended.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut this.body).poll_next(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::BodyStream;
    use futures::{StreamExt, stream};
    use std::future::poll_fn;

    #[tokio::test]
    async fn a_stream_ends_with_its_world() {
        let world = watch::Sender::new(false);
        let first = stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"data: 1\n\n")) });
        let body = BoxBody::new(BodyStream::new(first.chain(stream::pending())));
        let mut body = Box::pin(until_the_end(body, world.subscribe()));
        let mut next = async || poll_fn(|context| body.as_mut().poll_next(context)).await.map(Result::unwrap);
        assert_eq!(next().await.as_deref(), Some(&b"data: 1\n\n"[..]));
        world.send_replace(true);
        assert_eq!(next().await, None);
    }
}
