import { UpstreamError } from "../../src/errors.ts";
import { fetchText, toUrl } from "../reward/production/fetch-text.ts";
