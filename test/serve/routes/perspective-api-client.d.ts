/** The part of perspective-api-client that its test uses; it comes without types. */
declare module "perspective-api-client" {
  interface Options {
    readonly attributes?: readonly string[];
  }

  class Perspective {
    constructor(options: { readonly apiKey: string });
    /** A whole request in place of the text is sent as it is. */
    analyze(text: string | object, options?: Options): Promise<unknown>;
  }

  export = Perspective;
}
