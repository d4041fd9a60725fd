declare module '@cornerstonejs/codec-openjph' {
  export interface FrameInfo {
    width: number
    height: number
    bitsPerSample: number
    componentCount: number
    isSigned: boolean
  }

  /** One codestream. Lives on the heap of the WebAssembly until `delete`. */
  export interface HTJ2KDecoder {
    getEncodedBuffer(byteCount: number): Uint8Array
    getDecodedBuffer(): Uint8Array
    readHeader(): void
    getFrameInfo(): FrameInfo
    getNumDecompositions(): number
    calculateSizeAtDecompositionLevel(level: number): { width: number; height: number }
    decode(): void
    decodeSubResolution(level: number): void
    getLastErrorMessage(): string
    delete(): void
  }

  export interface OpenJph {
    HTJ2KDecoder: new () => HTJ2KDecoder
    HEAPU8: Uint8Array
  }

  export default function load(options?: {
    locateFile?: (name: string) => string
    wasmBinary?: Uint8Array
    print?: (line: string) => void
    printErr?: (line: string) => void
  }): Promise<OpenJph>
}

declare module '@cornerstonejs/codec-openjph/wasm?url' {
  const address: string
  export default address
}
